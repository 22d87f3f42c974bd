/*
 * job: what take handed out of any kind, opened.
 */
#include "redis/job_priv.h"

#include "redis/format.h"

#define STEP_MAX 64 /* of the name of a step: record_journal_item has room */

void
job_note(struct job *j, enum store_rc rc)
{
	if (rc == STORE_UNKNOWN_KEY || (rc != STORE_OK && j->rc == STORE_OK))
		j->rc = rc;
}

void
job_open_journal(struct store *st, struct job *j, const redisReply *hash)
{
	char item[RECORD_ITEM_MAX];

	j->journal = arena_alloc(j->mem,
	    (hash->elements / 2 + 1) * sizeof(*j->journal));
	for (size_t i = 0; i + 1 < hash->elements; i += 2) {
		const redisReply *name = hash->element[i];
		const redisReply *value = hash->element[i + 1];
		struct journal_field *f = &j->journal[j->njournal];
		enum store_rc rc;

		if (name->type != REDIS_REPLY_STRING
		    || value->type != REDIS_REPLY_STRING
		    || strlen(name->str) >= STEP_MAX) { /* nobody's step */
			job_note(j, STORE_NONE);
			continue;
		}
		record_journal_item(item, j->id, name->str);
		rc = record_open(st, j->chat.text, "journal", item, value->str,
		    value->len, j->mem, &f->text, &f->len);
		job_note(j, rc);
		if (rc != STORE_OK)
			continue;
		f->name = arena_strdup(j->mem, name->str);
		j->njournal++;
	}
}

struct job *
job_begin(enum job_kind kind, struct store *st, const redisReply *r)
{
	const char *name = record_text(r, "name");
	const char *token = record_text(r, "token");
	const redisReply *journal = record_at(r, "journal");
	struct arena *mem;
	struct job *j;

	if (name == NULL || token == NULL || strlen(token) >= JOB_TOKEN_MAX
	    || journal == NULL || journal->type != REDIS_REPLY_ARRAY)
		return NULL;
	mem = arena_new();
	j = arena_alloc(mem, sizeof(*j));
	j->mem = mem;
	j->kind = kind;
	memcpy(j->token, token, strlen(token) + 1);
	j->rc = STORE_OK;
	j->format = format_now(st) < FORMAT_STEPS ? format_now(st)
						  : FORMAT_STEPS;
	j->attempt = (int)record_int(r, "attempt");
	j->crashes = (int)record_int(r, "crashes");
	j->failures = (int)record_int(r, "failures");
	j->started_ms = record_int(r, "started");
	j->stop = record_int(r, "stop") == 1;
	return j;
}

void
job_free(struct job *j)
{
	if (j != NULL)
		arena_free(j->mem); /* holds the job itself */
}
