/*
 * fcgi_record: FastCGI records of an answer (the protocol's section 3.3), for
 * connections that were taken out of libfcgi.
 */
#ifndef FCGI_FCGI_RECORD_H
#define FCGI_FCGI_RECORD_H

#include "base/buf.h"

#define FCGI_RECORD_CONTENT_MAX 65528 /* below 65,535 and a multiple of 8 */

/* Append ${len} bytes as FCGI_STDOUT; -1 when ${out} is full. */
int fcgi_record_stdout(struct buf *out, int request_id, const void *bytes,
    size_t len) WARN_UNUSED;

/* Append the end of FCGI_STDOUT and FCGI_END_REQUEST. */
int fcgi_record_end(struct buf *out, int request_id) WARN_UNUSED;

#endif
