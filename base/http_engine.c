/*
 * http_engine: the one thread that touches curl.
 *
 * Commands come by a list that any thread pushes to (queue) and an eventfd;
 * sockets by epoll; deadlines and cancel flags are looked at in a scan of all
 * that runs, at the next deadline or every CANCEL_MS.  An owner is woken once
 * for all that happened in one round.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/http_priv.h"
#include "base/log.h"
#include "base/pool.h"

#define CANCEL_MS 100         /* how late a cancel flag may be seen */
#define SCAN_MIN_MS 5         /* deadlines closer together share one scan */
#define IDLE_CONNECTIONS 512L /* kept open; a thousand chats reuse them */

/* There is one engine in a process, because all share its connections. */
static struct {
	pthread_mutex_t thread_lock;
	pthread_t thread;
	bool started;
	CURLM *multi;
	CURLSH *share;

	_Atomic(struct transfer *) queue;
	atomic_bool running;
	atomic_bool trim;   /* asked for */
	atomic_int pushing; /* threads between looking and pushing */

	/* The thread's own. */
	int64_t now;
	int64_t curl_at; /* INT64_MAX: curl waits for nothing */
	int64_t scan_at;
	struct transfer *active;
	struct transfer *dirty;
} E = { .thread_lock = PTHREAD_MUTEX_INITIALIZER };

int
http_engine_queue(struct transfer *t, unsigned asked)
{
	struct transfer *head;
	int rc = -1;

	atomic_fetch_add(&E.pushing, 1);
	if (!atomic_load(&E.running))
		goto out;
	rc = 0;
	if (atomic_fetch_or(&t->asked, asked) != 0)
		goto out; /* on its way already */
	head = atomic_load(&E.queue);
	do
		t->queue_next = head;
	while (!atomic_compare_exchange_weak(&E.queue, &head, t));
	if (head == NULL)
		http_poll_ring();
out:
	atomic_fetch_sub(&E.pushing, 1);
	return rc;
}

/* ---- what transfers ask of the engine ------------------------------------ */

int64_t
http_engine_now(void)
{
	return E.now;
}

void
http_engine_due(int64_t at)
{
	if (at < E.scan_at)
		E.scan_at = at;
}

void
http_engine_wakes(struct transfer *t)
{
	if (t->is_dirty)
		return;
	t->is_dirty = true;
	t->dirty_next = E.dirty;
	E.dirty = t;
}

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
		 * its transfer gone; after it none is pushed.  run_asked
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
	struct transfer **d;

	t->rc = rc;
	if (t->prev != NULL)
		t->prev->next = t->next;
	else
		E.active = t->next;
	if (t->next != NULL)
		t->next->prev = t->prev;
	if (t->is_dirty) {
		for (d = &E.dirty; *d != t; d = &(*d)->dirty_next)
			;
		*d = t->dirty_next;
		t->is_dirty = false;
	}
	http_kept_end(t);
	(void)curl_multi_remove_handle(E.multi, t->easy);
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

/* ---- the loop ------------------------------------------------------------ */

static void
scan_one(struct transfer *t, int64_t *next)
{
	int64_t at = t->total_at;

	if (!atomic_load(&E.running)) {
		finish_early(t, HTTP_CANCELLED, "this process is stopping");
		return;
	}
	if (t->req.cancel != NULL
	    && !(t->headed && (t->req.flags & HTTP_OUTLIVES) != 0)) {
		if (__atomic_load_n(t->req.cancel, __ATOMIC_RELAXED) != 0) {
			finish_early(t, HTTP_CANCELLED, "cancelled");
			return;
		}
		if (E.now + CANCEL_MS < *next)
			*next = E.now + CANCEL_MS;
	}
	if (E.now >= t->total_at) {
		finish_early(t, HTTP_TIMEOUT,
		    t->headed ? "the answer took too long"
			      : "no answer in time");
		return;
	}
	if (!t->sent) {
		if (E.now >= t->connect_at) {
			finish_early(t, HTTP_UNREACHED,
			    "no connection in time");
			return;
		}
		if (t->connect_at < at)
			at = t->connect_at;
	}
	if (!t->headed) {
		if (E.now >= t->first_byte_at) {
			finish_early(t, HTTP_TIMEOUT, "no first byte in time");
			return;
		}
		if (t->first_byte_at < at)
			at = t->first_byte_at;
	} else if (t->idle_at != 0) {
		if (E.now >= t->idle_at) {
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
	t->prev = NULL;
	t->next = E.active;
	if (E.active != NULL)
		E.active->prev = t;
	E.active = t;
	t->connect_at = after(t->begun_at, t->req.connect_ms);
	t->first_byte_at = after(t->begun_at, t->req.first_byte_ms);
	t->total_at = after(t->begun_at, t->req.total_ms);

	if (t->easy == NULL)
		http_spare_easy(t, E.share);
	if (!atomic_load(&E.running)) {
		finish_early(t, HTTP_CANCELLED, "this process is stopping");
		return;
	}
	http_transfer_set(t);
	if (curl_multi_add_handle(E.multi, t->easy) != CURLM_OK) {
		finish_early(t, HTTP_UNREACHED, "curl refused the request");
		return;
	}
	scan_one(t, &E.scan_at);
}

static void
run_asked(struct transfer *t)
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

static void
run_queue(void)
{
	struct transfer *t, *next, *in_order = NULL;

	if (atomic_load_explicit(&E.queue, memory_order_relaxed) == NULL)
		return;
	for (t = atomic_exchange(&E.queue, NULL); t != NULL; t = next) {
		next = t->queue_next;
		t->queue_next = in_order;
		in_order = t;
	}
	for (t = in_order; t != NULL; t = next) {
		next = t->queue_next; /* run_asked gives ${t} away */
		run_asked(t);
	}
}

static void
collect(void)
{
	struct transfer *t;
	CURLMsg *msg;
	CURLcode code;
	int left;

	for (;;) {
		msg = curl_multi_info_read(E.multi, &left);
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
	int64_t next = INT64_MAX;

	for (t = E.active; t != NULL; t = following) {
		following = t->next;
		scan_one(t, &next);
	}
	if (next < E.now + SCAN_MIN_MS)
		next = E.now + SCAN_MIN_MS;
	E.scan_at = next;
}

static void
wake_readers(void)
{
	struct transfer *t;
	bool sleeps;

	while (E.dirty != NULL) {
		t = E.dirty;
		E.dirty = t->dirty_next;
		t->is_dirty = false;
		sleeps = t->headed && http_bell_set(t, BELL_HEADED);
		sleeps = http_bell_set(t, BELL_STEP) || sleeps;
		if (sleeps)
			http_bell_wake(&t->bell);
	}
}

static int
wait_of(void)
{
	int64_t at = E.curl_at < E.scan_at ? E.curl_at : E.scan_at;

	if (at == INT64_MAX)
		return -1;
	if (at <= E.now)
		return 0;
	return at - E.now > INT_MAX ? INT_MAX : (int)(at - E.now);
}

static int
on_timer(CURLM *multi, long wait_ms, void *arg)
{
	(void)multi;
	(void)arg;
	E.curl_at = wait_ms < 0 ? INT64_MAX : E.now + wait_ms;
	return 0;
}

static int
multi_open(void)
{
	E.multi = curl_multi_init();
	if (E.multi == NULL)
		return -1;
	curl_multi_setopt(E.multi, CURLMOPT_SOCKETFUNCTION, http_poll_on_watch);
	curl_multi_setopt(E.multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(E.multi, CURLMOPT_MAXCONNECTS, IDLE_CONNECTIONS);
	return 0;
}

/* Nothing runs: what waits for the next storm goes.  A connection with TLS is
 * 25 KB or more, and only its multi closes it. */
static void
trim(void)
{
	CURLM *old = E.multi;

	http_spare_drop_all();
	if (multi_open() == -1) {
		E.multi = old;
		return;
	}
	(void)curl_multi_cleanup(old);
	E.curl_at = INT64_MAX;
}

static void *engine_run(void *arg);

/* What malloc keeps for a thread, only the thread's end gives back. */
static bool
hand_over(void)
{
	pthread_t heir;
	bool done;

	pthread_mutex_lock(&E.thread_lock);
	done = atomic_load(&E.running)
	    && thread_start(&heir, "http", engine_run, NULL) == 0;
	if (done) {
		pthread_detach(E.thread);
		E.thread = heir;
	}
	pthread_mutex_unlock(&E.thread_lock);
	return done;
}

static void *
engine_run(void *arg)
{
	int left;

	(void)arg;
	E.now = clock_boot_ms();
	for (;;) {
		http_poll_wait(wait_of());
		E.now = clock_boot_ms();
		http_poll_serve(E.multi);
		run_queue();
		if (E.now >= E.curl_at) {
			E.curl_at = INT64_MAX;
			(void)curl_multi_socket_action(E.multi,
			    CURL_SOCKET_TIMEOUT, 0, &left);
		}
		collect();
		if (E.now >= E.scan_at || !atomic_load(&E.running))
			scan();
		/* Whoever saw it running has pushed by then. */
		if (!atomic_load(&E.running)) {
			if (E.active == NULL && atomic_load(&E.pushing) == 0
			    && atomic_load(&E.queue) == NULL)
				break;
			E.scan_at = E.now; /* look again at once */
		}
		wake_readers();
		if (E.active == NULL && atomic_exchange(&E.trim, false)) {
			trim();
			if (hand_over())
				break;
		}
	}
	return NULL;
}

static int
curl_open(void)
{
	E.share = curl_share_init();
	if (E.share == NULL || http_poll_open() == -1 || multi_open() == -1)
		return -1;
	curl_share_setopt(E.share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
	return 0;
}

static void
curl_close(void)
{
	http_spare_end();
	http_url_stop();
	if (E.multi != NULL)
		curl_multi_cleanup(E.multi);
	if (E.share != NULL)
		curl_share_cleanup(E.share);
	http_poll_close();
	http_ca_stop();
	http_proxy_stop();
	E.multi = NULL;
	E.share = NULL;
	curl_global_cleanup();
}

int
http_engine_start(const struct http_options *options)
{
	static const struct http_options none = { 0 };
	const struct http_options *o = options == NULL ? &none : options;

	if (E.started)
		return 0;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return -1;
	E.curl_at = E.scan_at = INT64_MAX;
	http_coding_start();
	if (http_ca_start(o->ca_file) == -1
	    || http_proxy_start(o->proxy, o->no_proxy) == -1)
		goto refused;
	if (curl_open() == -1)
		goto fail;
	atomic_store(&E.running, true);
	if (thread_start(&E.thread, "http", engine_run, NULL) == -1) {
		atomic_store(&E.running, false);
		goto fail;
	}
	E.started = true;
	return 0;
fail:
	log_event(LOG_ERROR, "http_start_failed", F_INT("errno", errno),
	    F_STR("remedy", LOG_REMEDY_LIMITS));
refused:
	curl_close();
	return -1;
}

void
http_engine_trim(void)
{
	atomic_store(&E.trim, true);
	http_poll_ring();
}

void
http_engine_stop(void)
{
	pthread_t last;

	if (!E.started)
		return;
	pthread_mutex_lock(&E.thread_lock);
	atomic_store(&E.running, false);
	last = E.thread;
	pthread_mutex_unlock(&E.thread_lock);
	http_poll_ring();
	pthread_join(last, NULL);
	curl_close();
	E.started = false;
}
