/*
 * http_engine: the one thread that touches curl, and the way to it.
 *
 * Commands come by a list that any thread pushes to (queue) and an eventfd;
 * sockets by epoll (http_poll); what runs is http_multi's.
 */
#include <errno.h>
#include <string.h>

#include "base/http_priv.h"
#include "base/log.h"
#include "base/pool.h"

/* There is one engine in a process, because all share its connections. */
static struct {
	pthread_mutex_t thread_lock;
	pthread_t thread;
	bool started;

	_Atomic(struct transfer *) queue;
	atomic_bool running;
	atomic_bool trim;   /* asked for */
	atomic_int pushing; /* threads between looking and pushing */
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
		next = t->queue_next; /* http_multi_asked gives ${t} away */
		http_multi_asked(t);
	}
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
	bool stopping;

	(void)arg;
	http_round_begin();
	for (;;) {
		http_poll_wait(http_multi_wait_ms());
		http_round_begin();
		stopping = !atomic_load(&E.running);
		if (stopping)
			http_multi_stop();
		http_multi_serve();
		run_queue();
		http_multi_work();
		/* Whoever saw it running has pushed by then. */
		if (stopping) {
			if (http_multi_is_idle() && atomic_load(&E.pushing) == 0
			    && atomic_load(&E.queue) == NULL)
				break;
			http_round_due(http_round_now()); /* again, at once */
		}
		http_round_end();
		if (http_multi_is_idle() && atomic_exchange(&E.trim, false)) {
			http_multi_renew();
			if (hand_over())
				break;
		}
	}
	return NULL;
}

static void
curl_close(void)
{
	http_spare_end();
	http_url_stop();
	http_multi_close();
	http_poll_close();
	http_ca_stop();
	http_proxy_stop();
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
	http_round_scanned(INT64_MAX);
	http_coding_start();
	if (http_ca_start(o->ca_file) == -1
	    || http_proxy_start(o->proxy, o->no_proxy) == -1)
		goto refused;
	if (http_poll_open() == -1 || http_multi_open() == -1)
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
