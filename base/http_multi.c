/*
 * http_multi: curl's multi handle, and the transfers that run on it.
 *
 * All of it is of the engine's thread.  Deadlines and cancel flags are looked
 * at in a scan of all that runs, at the next deadline or every CANCEL_MS.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/http_priv.h"

#define CANCEL_MS 100         /* how late a cancel flag may be seen */
#define SCAN_MIN_MS 5         /* deadlines closer together share one scan */
#define IDLE_CONNECTIONS 512L /* kept open; a thousand chats reuse them */

static struct {
	CURLM *multi;
	CURLSH *share;
	int64_t curl_at; /* INT64_MAX: curl waits for nothing */
	struct transfer *active;
	bool stopping;
} M;

/* ---- the end of a transfer ----------------------------------------------- */

/* Give ${t} back to its owner.  It is not touched afterwards. */
static void
release(struct transfer *t)
{
	struct http_stream *s = t->stream;
	atomic_uint *bell = &t->bell;
	unsigned bits = t->headed ? BELL_HEADED | BELL_DONE : BELL_DONE;
	bool sleeps = false;

	if (s == NULL) {
		sleeps = http_bell_set(t, bits);
	} else {
		pthread_mutex_lock(&s->lock);
		/* What was asked before this would be found in the queue with
		 * its transfer gone; after it none is pushed.  http_multi_asked
		 * releases then. */
		t->ending = true;
		if (atomic_load(&t->asked) == 0)
			sleeps = http_bell_set(t, bits);
		pthread_mutex_unlock(&s->lock);
	}
	/* Without the lock, which is what the owner takes next. */
	if (sleeps)
		http_bell_wake(bell);
}

static void
finish(struct transfer *t, enum http_rc rc)
{
	t->rc = rc;
	if (t->prev != NULL)
		t->prev->next = t->next;
	else
		M.active = t->next;
	if (t->next != NULL)
		t->next->prev = t->prev;
	http_round_forget(t);
	http_kept_end(t);
	(void)curl_multi_remove_handle(M.multi, t->easy);
	http_spare_shrink(t);
	release(t);
}

static void
finish_early(struct transfer *t, enum http_rc rc, const char *why)
{
	if (rc == HTTP_TIMEOUT && !t->sent)
		rc = HTTP_UNREACHED;
	snprintf(t->why, sizeof(t->why), "%s", why);
	finish(t, rc);
}

/* ---- its begin, and its deadlines ---------------------------------------- */

static void
scan_one(struct transfer *t, int64_t now, int64_t *next)
{
	int64_t at = t->total_at;

	if (M.stopping) {
		finish_early(t, HTTP_CANCELLED, "this process is stopping");
		return;
	}
	if (t->req.cancel != NULL
	    && !(t->headed && (t->req.flags & HTTP_OUTLIVES) != 0)) {
		if (__atomic_load_n(t->req.cancel, __ATOMIC_RELAXED) != 0) {
			finish_early(t, HTTP_CANCELLED, "cancelled");
			return;
		}
		if (now + CANCEL_MS < *next)
			*next = now + CANCEL_MS;
	}
	if (now >= t->total_at) {
		finish_early(t, HTTP_TIMEOUT,
		    t->headed ? "the answer took too long"
			      : "no answer in time");
		return;
	}
	if (!t->sent) {
		if (now >= t->connect_at) {
			finish_early(t, HTTP_UNREACHED,
			    "no connection in time");
			return;
		}
		if (t->connect_at < at)
			at = t->connect_at;
	}
	if (!t->headed) {
		if (now >= t->first_byte_at) {
			finish_early(t, HTTP_TIMEOUT, "no first byte in time");
			return;
		}
		if (t->first_byte_at < at)
			at = t->first_byte_at;
	} else if (t->idle_at != 0) {
		if (now >= t->idle_at) {
			finish_early(t, HTTP_TIMEOUT, "the answer stood still");
			return;
		}
		if (t->idle_at < at)
			at = t->idle_at;
	}
	if (at < *next)
		*next = at;
}

static int64_t
after(int64_t now, int ms)
{
	return ms > 0 ? now + ms : INT64_MAX;
}

static void
begin(struct transfer *t)
{
	int64_t next = INT64_MAX;

	t->prev = NULL;
	t->next = M.active;
	if (M.active != NULL)
		M.active->prev = t;
	M.active = t;
	t->connect_at = after(t->begun_at, t->req.connect_ms);
	t->first_byte_at = after(t->begun_at, t->req.first_byte_ms);
	t->total_at = after(t->begun_at, t->req.total_ms);

	if (t->easy == NULL)
		http_spare_easy(t, M.share);
	if (M.stopping) {
		finish_early(t, HTTP_CANCELLED, "this process is stopping");
		return;
	}
	http_transfer_set(t);
	if (curl_multi_add_handle(M.multi, t->easy) != CURLM_OK) {
		finish_early(t, HTTP_UNREACHED, "curl refused the request");
		return;
	}
	scan_one(t, http_round_now(), &next);
	http_round_due(next);
}

void
http_multi_asked(struct transfer *t)
{
	unsigned asked = atomic_exchange(&t->asked, 0);

	if (t->ending) {
		release(t);
		return;
	}
	if ((asked & ASK_ADD) != 0) {
		begin(t);
		return;
	}
	if ((asked & ASK_DROP) != 0) {
		finish_early(t, HTTP_CANCELLED, "closed by its reader");
		return;
	}
	if ((asked & ASK_RESUME) != 0) {
		http_transfer_moves(t);
		(void)curl_easy_pause(t->easy, CURLPAUSE_CONT);
	}
}

/* ---- a round ------------------------------------------------------------- */

static void
collect(void)
{
	struct transfer *t;
	CURLMsg *msg;
	CURLcode code;
	int left;

	for (;;) {
		msg = curl_multi_info_read(M.multi, &left);
		if (msg == NULL)
			return;
		if (msg->msg != CURLMSG_DONE)
			continue;
		code = msg->data.result;
		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE,
		    (char **)&t);
		finish(t, http_end_of(t, code));
	}
}

static void
scan(void)
{
	struct transfer *t, *following;
	int64_t now = http_round_now(), next = INT64_MAX;

	for (t = M.active; t != NULL; t = following) {
		following = t->next;
		scan_one(t, now, &next);
	}
	if (next < now + SCAN_MIN_MS)
		next = now + SCAN_MIN_MS;
	http_round_scanned(next);
}

void
http_multi_serve(void)
{
	http_poll_serve(M.multi);
}

void
http_multi_work(void)
{
	int64_t now = http_round_now();
	int left;

	if (now >= M.curl_at) {
		M.curl_at = INT64_MAX;
		(void)curl_multi_socket_action(M.multi, CURL_SOCKET_TIMEOUT, 0,
		    &left);
	}
	collect();
	if (now >= http_round_next() || M.stopping)
		scan();
}

bool
http_multi_is_idle(void)
{
	return M.active == NULL;
}

int
http_multi_wait_ms(void)
{
	int64_t now = http_round_now(), at = http_round_next();

	if (M.curl_at < at)
		at = M.curl_at;
	if (at == INT64_MAX)
		return -1;
	if (at <= now)
		return 0;
	return at - now > INT_MAX ? INT_MAX : (int)(at - now);
}

void
http_multi_stop(void)
{
	M.stopping = true;
}

/* ---- the handle ---------------------------------------------------------- */

static int
on_timer(CURLM *multi, long wait_ms, void *arg)
{
	(void)multi;
	(void)arg;
	M.curl_at = wait_ms < 0 ? INT64_MAX : http_round_now() + wait_ms;
	return 0;
}

static int
multi_open(void)
{
	M.multi = curl_multi_init();
	if (M.multi == NULL)
		return -1;
	curl_multi_setopt(M.multi, CURLMOPT_SOCKETFUNCTION, http_poll_on_watch);
	curl_multi_setopt(M.multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(M.multi, CURLMOPT_MAXCONNECTS, IDLE_CONNECTIONS);
	return 0;
}

void
http_multi_renew(void)
{
	CURLM *old = M.multi;

	http_spare_drop_all();
	if (multi_open() == -1) {
		M.multi = old;
		return;
	}
	(void)curl_multi_cleanup(old);
	M.curl_at = INT64_MAX;
}

int
http_multi_open(void)
{
	M.curl_at = INT64_MAX;
	M.stopping = false;
	M.share = curl_share_init();
	if (M.share == NULL || multi_open() == -1)
		return -1;
	curl_share_setopt(M.share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
	return 0;
}

void
http_multi_close(void)
{
	if (M.multi != NULL)
		curl_multi_cleanup(M.multi);
	if (M.share != NULL)
		curl_share_cleanup(M.share);
	M.multi = NULL;
	M.share = NULL;
}
