/*
 * cgi: libfcgi's streams over standard input and output.
 *
 * libfcgi speaks plain CGI only through its stdio wrapper; with these two
 * streams the rest of fcgi/ need not know the difference.
 */
#ifndef FCGI_CGI_H
#define FCGI_CGI_H

#include <fcgiapp.h>

#include "base/base.h"

#define CGI_BUFFER (8 * KIB)

struct cgi {
	FCGX_Stream in, out;
	unsigned char in_bytes[CGI_BUFFER], out_bytes[CGI_BUFFER];
};

/* ${f} reads and writes by ${c} until cgi_flush; its parameters are the
 * environment. */
void cgi_begin(struct cgi *c, FCGX_Request *f);
/* 0, or -1: not all could be written. */
int cgi_flush(struct cgi *c) WARN_UNUSED;

#endif
