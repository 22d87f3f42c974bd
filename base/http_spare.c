/*
 * http_spare: transfers that ended, with their curl handles, for the next ones.
 *
 * Any thread takes and gives; handles are made and dropped by the engine's
 * thread alone, which also knows those of transfers that nobody gave back yet.
 */
#include <stdlib.h>
#include <string.h>

#include "base/http_priv.h"

#define EASY_MAX 256         /* curl handles kept, 8 KB each */
#define BYTES_KEPT (8 * KIB) /* and each buffer of a stream, up to this */

static struct {
	pthread_mutex_t lock;
	struct transfer *first;

	/* The engine's thread's own. */
	struct transfer *kept; /* that have a curl handle */
	int easies;
} S = { .lock = PTHREAD_MUTEX_INITIALIZER };

static struct transfer *
transfer_new(void)
{
	struct transfer *t = calloc(1, sizeof(*t));

	if (t == NULL)
		abort();
	t->as_stream.t = t;
	pthread_mutex_init(&t->as_stream.lock, NULL);
	buf_init(&t->as_stream.in, HTTP_STREAM_MAX);
	return t;
}

static void
transfer_free(struct transfer *t)
{
	pthread_mutex_destroy(&t->as_stream.lock);
	buf_fini(&t->as_stream.in);
	free(t->as_stream.copy);
	free(t);
}

struct transfer *
http_spare_take(void)
{
	struct transfer *t;

	pthread_mutex_lock(&S.lock);
	t = S.first;
	if (t != NULL)
		S.first = t->next;
	pthread_mutex_unlock(&S.lock);
	return t != NULL ? t : transfer_new();
}

void
http_spare_give(struct transfer *t)
{
	struct http_stream *s = &t->as_stream;

	if (s->copy_head > 0)
		explicit_bzero(s->copy, s->copy_head);
	s->copy_head = 0;
	buf_reset(&s->in);
	if (s->in.cap > BYTES_KEPT)
		buf_fini(&s->in);
	if (s->copy_max > BYTES_KEPT) {
		free(s->copy);
		s->copy = NULL;
		s->copy_max = 0;
	}
	pthread_mutex_lock(&S.lock);
	if (t->easy != NULL) {
		t->next = S.first;
		S.first = t;
		t = NULL;
	}
	pthread_mutex_unlock(&S.lock);
	if (t != NULL)
		transfer_free(t);
}

void
http_spare_easy(struct transfer *t, CURLSH *share)
{
	t->easy = http_transfer_easy(t, share);
	t->kept_prev = NULL;
	t->kept_next = S.kept;
	if (S.kept != NULL)
		S.kept->kept_prev = t;
	S.kept = t;
	S.easies++;
}

static void
drop_easy(struct transfer *t)
{
	if (t->kept_prev != NULL)
		t->kept_prev->kept_next = t->kept_next;
	else
		S.kept = t->kept_next;
	if (t->kept_next != NULL)
		t->kept_next->kept_prev = t->kept_prev;
	curl_easy_cleanup(t->easy);
	t->easy = NULL;
	S.easies--;
}

void
http_spare_shrink(struct transfer *t)
{
	if (S.easies > EASY_MAX || t->worn || t->rc != HTTP_OK)
		drop_easy(t);
}

void
http_spare_drop_all(void)
{
	struct transfer *t, *next;

	pthread_mutex_lock(&S.lock);
	t = S.first;
	S.first = NULL;
	pthread_mutex_unlock(&S.lock);
	for (; t != NULL; t = next) {
		next = t->next;
		drop_easy(t);
		transfer_free(t);
	}
}

void
http_spare_end(void)
{
	http_spare_drop_all();
	/* A stream that was read to its end may be given back after this. */
	pthread_mutex_lock(&S.lock);
	while (S.kept != NULL)
		drop_easy(S.kept);
	pthread_mutex_unlock(&S.lock);
}
