/*
 * served_tls: TLS for the servers of unit tests, with certificates made for
 * the run.
 *
 * Where the tests were built without OpenSSL (libssl-dev), served_tls_has says
 * so and nothing else may be called.
 */
#ifndef TESTS_UNIT_SERVED_TLS_H
#define TESTS_UNIT_SERVED_TLS_H

#include <stdatomic.h>

#include "tests/unit/served.h"

enum served_cert {
	CERT_GOOD, /* for localhost, model.test, *.names.test, 127.0.0.1 and ::1
		    */
	CERT_WRONG_NAME,
	CERT_EXPIRED,
	CERT_EARLY,   /* not valid yet */
	CERT_UNKNOWN, /* of another authority */
	CERT_SELF_SIGNED,
};

struct served_tls {
	enum served_cert cert;
	int least, most; /* 12, 13: TLS 1.2, 1.3; 0: any */
	bool no_notify;  /* ends without a close-notify */

	/* What was seen. */
	atomic_int handshakes; /* whole ones */
	atomic_int resumed;    /* of them, with a session from before */
	atomic_int version;    /* 12 or 13, of the last one */
	char sni[64];          /* of the last one: served_tls_was_named */
	void *inner;
};

bool served_tls_has(void);
/* Files of the run: the authority's certificate, and one of another. */
const char *served_tls_ca(void);
const char *served_tls_other_ca(void);

/* As served_start_on, over TLS by ${tls}, which outlives the server. */
void served_start_tls(struct served *s, served_fn *answer, void *ctx,
    bool is_v6, struct served_tls *tls);
void served_stop_tls(struct served *s, struct served_tls *tls);
/* The last handshake asked for the certificate of ${name}. */
bool served_tls_was_named(const struct served_tls *tls, const char *name);

#endif
