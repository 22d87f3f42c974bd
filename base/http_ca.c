/*
 * http_ca: the file of certificates that servers are checked against.
 *
 * curl reads it once and keeps what it read, for as long as the file's name
 * stays the same and no folder of certificates (CURLOPT_CAPATH, Debian's
 * default) is set beside it; otherwise it parses the whole of it for each
 * connection, in the engine's thread.  So no folder is set, and curl gets a
 * copy in memory of what was looked at here and taken: after a quiet time it
 * reads again, and by then the file may be half written, or gone.  A file that
 * changed gives a copy of another name ("/proc/self/fd/./7"): curl reads it
 * for the next connection.  Those that run go on; those that are kept are not
 * used again, nor their TLS sessions.
 */
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/http_priv.h"
#include "base/log.h"

#define LOOK_MS 1000         /* between two looks at the file */
#define SETTLED_S 2          /* nobody writes a file that is older */
#define SPELLINGS 16         /* connections of 16 changes ago are gone */
#define BUNDLE_MAX (8 * MIB) /* Debian's is 220 KB */

static const char BEGINS[] = "-----BEGIN CERTIFICATE-----";
static const char ENDS[] = "-----END CERTIFICATE-----";

static const char KEPT[] = "the certificates that were read before stay in "
			   "use; write the file again";

struct copy {
	int fd; /* -1: none */
	char *name;
};

static struct {          /* but for the start, of the engine's thread */
	char *file;      /* NULL: what curl does by itself */
	struct copy now; /* of it, for curl */
	struct copy old; /* the one before, until ${now} has served */
	struct stat is;  /* as it was taken */
	struct stat was; /* as it was seen last */
	unsigned changes;
	int64_t look_at;
	bool refused; /* said in the log */
} C;

static bool
same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev
	    && a->st_size == b->st_size
	    && a->st_mtim.tv_sec == b->st_mtim.tv_sec
	    && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static size_t
count(const char *text, size_t len, const char *mark)
{
	const char *at = text, *end = text + len;
	size_t n = 0;

	while (
	    (at = memmem(at, (size_t)(end - at), mark, strlen(mark))) != NULL) {
		at += strlen(mark);
		n++;
	}
	return n;
}

/* "/etc/x.pem" as "/etc/././x.pem": two dots for each change. */
static char *
spell(const char *file, unsigned changes)
{
	static const char DOTS[] = "./././././././././././././././";
	const char *slash = strrchr(file, '/');
	int dir = slash == NULL ? 0 : (int)(slash - file) + 1;
	size_t max = strlen(file) + sizeof(DOTS);
	char *out = malloc(max);

	if (out == NULL)
		abort();
	snprintf(out, max, "%.*s%.*s%s", dir, file,
	    (int)(2 * (changes % SPELLINGS)), DOTS, file + dir);
	return out;
}

/* Where there is no memory file, or no /proc, curl reads ${file} itself. */
static struct copy
copy_of(const char *file, const void *text, size_t len)
{
	struct copy c = { .fd = memfd_create("authorities", MFD_CLOEXEC) };
	char name[32];

	snprintf(name, sizeof(name), "/proc/self/fd/%d", c.fd);
	if (c.fd == -1 || write(c.fd, text, len) != (ssize_t)len
	    || access(name, R_OK) == -1) {
		if (c.fd != -1)
			close(c.fd);
		c.fd = -1;
	}
	c.name = spell(c.fd == -1 ? file : name, C.changes);
	return c;
}

static void
copy_fini(struct copy *c)
{
	if (c->name != NULL && c->fd != -1)
		close(c->fd);
	free(c->name);
	memset(c, 0, sizeof(*c));
}

/* ${c} is to be what curl reads; what it reads now may come back. */
static void
take_copy(const struct copy *c)
{
	copy_fini(&C.old);
	C.old = C.now;
	C.now = *c;
}

/* NULL, and ${out} is a copy; or why ${file} is not taken: curl would refuse
 * each connection. */
static const char *
refuses(const char *file, struct stat *sb, struct copy *out)
{
	const char *why = NULL;
	size_t len, begun = 0;
	void *text;
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd == -1)
		return strerrordesc_np(errno);
	if (fstat(fd, sb) == -1 || !S_ISREG(sb->st_mode)) {
		why = "it is not a file";
	} else if (sb->st_size == 0) {
		why = "it is empty";
	} else if ((uint64_t)sb->st_size > BUNDLE_MAX) {
		why = "it is longer than 8 MiB";
	} else {
		len = (size_t)sb->st_size;
		text = malloc(len);
		if (text == NULL)
			abort();
		if (pread(fd, text, len, 0) == (ssize_t)len) {
			begun = count(text, len, BEGINS);
			if (begun != count(text, len, ENDS))
				begun = 0;
		}
		if (begun == 0)
			why = "it holds no whole certificates (PEM)";
		else
			*out = copy_of(file, text, len);
		free(text);
	}
	close(fd);
	return why;
}

/* The bundle that this libcurl was built for, where it is one. */
static const char *
systems(void)
{
	const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);

	return v->age >= CURLVERSION_SEVENTH ? v->cainfo : NULL;
}

const char *
http_ca_refuses(const char *file)
{
	struct copy copy;
	struct stat sb;
	const char *why = refuses(file, &sb, &copy);

	if (why == NULL)
		copy_fini(&copy);
	return why;
}

int
http_ca_start(const char *file)
{
	bool named = file != NULL && file[0] != '\0';
	struct copy copy;
	const char *why;

	if (!named)
		file = systems();
	if (file == NULL)
		return 0;
	why = refuses(file, &C.is, &copy);
	if (why != NULL && named) {
		log_event(LOG_ERROR, "http_ca_refused", F_STR("file", file),
		    F_STR("why", why),
		    F_STR("remedy",
			"http.ca_file must name a readable file of "
			"certificates (PEM) of the authorities to trust"));
		return -1;
	}
	if (why != NULL)
		return 0; /* a folder may do: curl tells if not */
	C.was = C.is;
	C.file = strdup(file);
	if (C.file == NULL)
		abort();
	take_copy(&copy);
	return 0;
}

void
http_ca_stop(void)
{
	free(C.file);
	copy_fini(&C.now);
	copy_fini(&C.old);
	memset(&C, 0, sizeof(C));
}

/* It is another file than the one taken, and nobody writes it any more. */
static bool
changed(void)
{
	struct stat now;
	bool settled;

	if (stat(C.file, &now) == -1 || same(&now, &C.is))
		return false; /* gone: what was read from it goes on */
	settled = same(&now, &C.was)
	    || now.st_mtim.tv_sec + SETTLED_S <= time(NULL);
	if (!same(&now, &C.was))
		C.refused = false;
	C.was = now;
	return settled && !C.refused;
}

unsigned
http_ca_look(void)
{
	struct copy copy;
	const char *why;

	if (C.file == NULL || http_round_now() < C.look_at)
		return C.changes + 1;
	C.look_at = http_round_now() + LOOK_MS;
	if (!changed())
		return C.changes + 1;
	C.changes++; /* in the copy's name */
	why = refuses(C.file, &C.was, &copy);
	if (why != NULL) {
		C.changes--;
		C.refused = true;
		log_event(LOG_WARN, "http_ca_refused", F_STR("file", C.file),
		    F_STR("why", why), F_STR("remedy", KEPT));
		return C.changes + 1;
	}
	C.is = C.was;
	take_copy(&copy);
	log_event(LOG_INFO, "http_ca_loaded", F_STR("file", C.file));
	return C.changes + 1;
}

void
http_ca_failed(void)
{
	if (C.old.name == NULL || C.refused)
		return;
	C.refused = true;
	C.changes--;
	copy_fini(&C.now);
	C.now = C.old;
	C.old = (struct copy){ 0 };
	log_event(LOG_WARN, "http_ca_refused", F_STR("file", C.file),
	    F_STR("why", "it holds what is no certificate"),
	    F_STR("remedy", KEPT));
}

void
http_ca_served(unsigned look)
{
	if (look == C.changes + 1)
		copy_fini(&C.old);
}

void
http_ca_set(CURL *easy)
{
	if (C.file == NULL)
		return;
	curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	curl_easy_setopt(easy, CURLOPT_CAINFO, C.now.name);
#if LIBCURL_VERSION_NUM >= 0x075700
	curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, -1L);
#endif
	curl_easy_setopt(easy, CURLOPT_PROXY_CAPATH, NULL);
	curl_easy_setopt(easy, CURLOPT_PROXY_CAINFO, C.now.name);
}
