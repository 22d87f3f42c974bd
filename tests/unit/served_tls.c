#include "tests/unit/served_tls.h"

#include <config.h>

#ifdef HAVE_OPENSSL

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DAY_S 86400L

/* Two authorities: the second signs what is of an unknown one. */
static struct {
	EVP_PKEY *ca_key[2], *key;
	X509 *ca[2];
	char folder[64];
	char file[2][96];
} T;

static void
must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "served_tls: %s\n", what);
	abort();
}

static void
extend(X509 *cert, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *ext;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, cert, cert, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	must(ext != NULL && X509_add_ext(cert, ext, -1) == 1, value);
	X509_EXTENSION_free(ext);
}

/* Of ${by}, or its own. */
static X509 *
make_cert(const char *name, const char *alt, long from_s, long until_s,
    EVP_PKEY *key, X509 *by, EVP_PKEY *by_key)
{
	static long serial = 1;
	X509 *cert = X509_new();
	X509_NAME *subject;

	must(cert != NULL, "memory");
	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), serial++);
	X509_gmtime_adj(X509_getm_notBefore(cert), from_s);
	X509_gmtime_adj(X509_getm_notAfter(cert), until_s);
	X509_set_pubkey(cert, key);
	subject = X509_get_subject_name(cert);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
	    (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(cert,
	    by == NULL ? subject : X509_get_subject_name(by));
	if (alt != NULL)
		extend(cert, NID_subject_alt_name, alt);
	else
		extend(cert, NID_basic_constraints, "critical,CA:TRUE");
	must(X509_sign(cert, by_key == NULL ? key : by_key, EVP_sha256()) != 0,
	    "signing");
	return cert;
}

static void
forget(void)
{
	int i;

	for (i = 0; i < 2; i++) {
		unlink(T.file[i]);
		X509_free(T.ca[i]);
		EVP_PKEY_free(T.ca_key[i]);
	}
	rmdir(T.folder);
	EVP_PKEY_free(T.key);
}

static void
prepare(void)
{
	const char *tmp = getenv("TMPDIR");
	FILE *f;
	int i;

	if (T.key != NULL)
		return;
	signal(SIGPIPE, SIG_IGN); /* OpenSSL writes as it likes */
	T.key = EVP_EC_gen("P-256");
	snprintf(T.folder, sizeof(T.folder), "%.40s/served-XXXXXX",
	    tmp == NULL ? "/tmp" : tmp);
	must(T.key != NULL && mkdtemp(T.folder) != NULL, "a folder");
	for (i = 0; i < 2; i++) {
		T.ca_key[i] = EVP_EC_gen("P-256");
		must(T.ca_key[i] != NULL, "a key");
		T.ca[i] = make_cert(i == 0 ? "Test authority"
					   : "Another authority",
		    NULL, -DAY_S, 9 * DAY_S, T.ca_key[i], NULL, NULL);
		snprintf(T.file[i], sizeof(T.file[i]), "%s/%d.pem", T.folder,
		    i);
		f = fopen(T.file[i], "w");
		must(f != NULL && PEM_write_X509(f, T.ca[i]) == 1, "a file");
		fclose(f);
	}
	atexit(forget);
}

static X509 *
cert_of(enum served_cert kind)
{
	static const char mine[] = "DNS:localhost,DNS:model.test,DNS:*.names."
				   "test,IP:127.0.0.1,IP:::1";
	static const char others[] = "DNS:elsewhere.example,IP:192.0.2.1";
	int by = kind == CERT_UNKNOWN;
	bool own = kind == CERT_SELF_SIGNED;

	return make_cert(kind == CERT_WRONG_NAME ? "elsewhere.example"
						 : "localhost",
	    kind == CERT_WRONG_NAME ? others : mine,
	    kind == CERT_EARLY ? DAY_S : -2 * DAY_S,
	    kind == CERT_EXPIRED ? -DAY_S : 2 * DAY_S, T.key,
	    own ? NULL : T.ca[by], own ? NULL : T.ca_key[by]);
}

static int
version_of(int which)
{
	return which == 12 ? TLS1_2_VERSION
	    : which == 13  ? TLS1_3_VERSION
	    : which == 11  ? TLS1_1_VERSION
			   : 0;
}

/* ---- the wire ------------------------------------------------------------ */

/* Connections are opened by threads of their own. */
static pthread_mutex_t name_lock = PTHREAD_MUTEX_INITIALIZER;

bool
served_tls_was_named(const struct served_tls *tls, const char *name)
{
	bool was;

	pthread_mutex_lock(&name_lock);
	was = strcmp(tls->sni, name) == 0;
	pthread_mutex_unlock(&name_lock);
	return was;
}

static void *
wire_open(void *ctx, int fd)
{
	struct served_tls *tls = ctx;
	SSL *ssl = SSL_new(tls->inner);
	const char *sni;

	must(ssl != NULL && SSL_set_fd(ssl, fd) == 1, "memory");
	if (SSL_accept(ssl) != 1) {
		SSL_free(ssl);
		return NULL;
	}
	sni = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	pthread_mutex_lock(&name_lock);
	snprintf(tls->sni, sizeof(tls->sni), "%s", sni == NULL ? "" : sni);
	pthread_mutex_unlock(&name_lock);
	atomic_store(&tls->version,
	    SSL_version(ssl) == TLS1_3_VERSION ? 13 : 12);
	if (SSL_session_reused(ssl))
		atomic_fetch_add(&tls->resumed, 1);
	atomic_fetch_add(&tls->handshakes, 1);
	return ssl;
}

static ssize_t
wire_read(void *conn, void *bytes, size_t max)
{
	return SSL_read(conn, bytes, (int)max);
}

static bool
wire_holds(void *conn)
{
	return SSL_pending(conn) > 0;
}

static ssize_t
wire_write(void *conn, const void *bytes, size_t len)
{
	return SSL_write(conn, bytes, (int)len);
}

static void
wire_close(void *ctx, void *conn, bool reset)
{
	struct served_tls *tls = ctx;

	if (!reset && !tls->no_notify)
		(void)SSL_shutdown(conn);
	SSL_free(conn);
}

static const struct served_wire WIRE = { wire_open, wire_read, wire_holds,
	wire_write, wire_close };

bool
served_tls_has(void)
{
	return true;
}

const char *
served_tls_ca(void)
{
	prepare();
	return T.file[0];
}

const char *
served_tls_other_ca(void)
{
	prepare();
	return T.file[1];
}

void
served_start_tls(struct served *s, served_fn *answer, void *ctx, bool is_v6,
    struct served_tls *tls)
{
	SSL_CTX *c = SSL_CTX_new(TLS_server_method());
	X509 *cert;

	prepare();
	must(c != NULL, "memory");
	cert = cert_of(tls->cert);
	SSL_CTX_set_security_level(c, tls->most == 11 ? 0 : 1);
	must(SSL_CTX_use_certificate(c, cert) == 1
		&& SSL_CTX_use_PrivateKey(c, T.key) == 1
		&& SSL_CTX_set_min_proto_version(c, version_of(tls->least)) == 1
		&& SSL_CTX_set_max_proto_version(c, version_of(tls->most)) == 1,
	    "setting up");
	X509_free(cert);
	tls->inner = c;
	served_start_on(s, answer, ctx, is_v6, &WIRE, tls);
}

void
served_stop_tls(struct served *s, struct served_tls *tls)
{
	served_stop(s);
	SSL_CTX_free(tls->inner);
	tls->inner = NULL;
}

#else

#include <stdlib.h>

bool
served_tls_has(void)
{
	return false;
}

const char *
served_tls_ca(void)
{
	abort();
}

const char *
served_tls_other_ca(void)
{
	abort();
}

void
served_start_tls(struct served *s, served_fn *answer, void *ctx, bool is_v6,
    struct served_tls *tls)
{
	(void)s;
	(void)answer;
	(void)ctx;
	(void)is_v6;
	(void)tls;
	abort();
}

void
served_stop_tls(struct served *s, struct served_tls *tls)
{
	(void)s;
	(void)tls;
	abort();
}

bool
served_tls_was_named(const struct served_tls *tls, const char *name)
{
	(void)tls;
	(void)name;
	abort();
}

#endif
