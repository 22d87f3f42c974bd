/*
 * job: what take handed out, opened.
 */
#include "redis/job_priv.h"

#include "base/clock.h"
#include "base/log.h"
#include "redis/format.h"

#define STEP_MAX 64 /* of the name of a step: record_journal_item has room */

/* An unknown key outweighs damage: with the key it may be whole. */
static void
note(struct job *j, enum store_rc rc)
{
	if (rc == STORE_UNKNOWN_KEY || (rc != STORE_OK && j->rc == STORE_OK))
		j->rc = rc;
}

static void
open_message(struct store *st, struct job *j, const redisReply *entry)
{
	struct record_header h;
	const char *plain;
	size_t len;
	enum store_rc rc;

	j->given->message.update_id = j->given->message.text
	    = j->given->message.address = "";
	if (entry->type != REDIS_REPLY_STRING
	    || record_header_read(entry->str, entry->len, &h) == -1) {
		log_event(LOG_ERROR, "inbox_damaged", F_CHAT(&j->chat),
		    F_STR("remedy", LOG_REMEDY_DAMAGED));
		note(j, STORE_NONE);
		return;
	}
	memcpy(j->id, h.id, sizeof(j->id));
	j->given->seq = h.seq;
	j->given->accepted_ms = h.time_ms;
	rc = record_open(st, j->chat.text, "inbox", j->id, entry->str + h.len,
	    entry->len - h.len, j->mem, &plain, &len);
	if (rc == STORE_OK
	    && message_read(j->mem, plain, len, &j->given->message) == -1) {
		log_event(LOG_ERROR, "inbox_damaged", F_CHAT(&j->chat),
		    F_STR("message", j->id),
		    F_STR("remedy", LOG_REMEDY_DAMAGED));
		rc = STORE_NONE;
	}
	if (rc != STORE_OK)
		j->given->message = (struct message){ .update_id = "",
			.text = "" };
	/* The header's is the one that counts: a replayed letter has none. */
	j->given->message.address = strcmp(h.address, "-") == 0
	    ? ""
	    : arena_strdup(j->mem, h.address);
	note(j, rc);
}

/* A damaged line of the history is left out; the talk goes on without it. */
static void
open_history(struct store *st, struct job *j, const redisReply *list)
{
	j->given->history = arena_alloc(j->mem,
	    (list->elements + 1) * sizeof(*j->given->history));
	for (size_t i = 0; i < list->elements; i++) {
		const redisReply *e = list->element[i];
		char id[MESSAGE_ID_MAX];
		const char *plain;
		size_t len;
		enum store_rc rc;

		if (e->type != REDIS_REPLY_STRING || e->len < MESSAGE_ID_MAX)
			continue;
		memcpy(id, e->str, MESSAGE_ID_MAX - 1);
		id[MESSAGE_ID_MAX - 1] = '\0';
		rc = record_open(st, j->chat.text, "history", id,
		    e->str + MESSAGE_ID_MAX, e->len - MESSAGE_ID_MAX, j->mem,
		    &plain, &len);
		if (rc == STORE_UNKNOWN_KEY)
			note(j, rc);
		if (rc == STORE_OK
		    && history_entry_read(j->mem, plain, len,
			   &j->given->history[j->given->nhistory])
			== 0)
			j->given->nhistory++;
	}
}

static void
open_journal(struct store *st, struct job *j, const redisReply *hash)
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
			note(j, STORE_NONE);
			continue;
		}
		record_journal_item(item, j->id, name->str);
		rc = record_open(st, j->chat.text, "journal", item, value->str,
		    value->len, j->mem, &f->text, &f->len);
		note(j, rc);
		if (rc != STORE_OK)
			continue;
		f->name = arena_strdup(j->mem, name->str);
		j->njournal++;
	}
}

/* lua/aside.lua: in the keys of ${partition}, whatever the name says. */
static void
set_aside(struct store *st, int partition, const char *name, const char *token,
    const char *why)
{
	static const char *const KEYS[] = { "chat", "inbox", "turn" };
	struct batch b;

	log_event(LOG_ERROR, "job_unreadable", F_STR("chat", name),
	    F_STR("why", why), F_STR("remedy", LOG_REMEDY_DAMAGED));
	if (strlen(name) >= CHAT_NAME_MAX)
		return;
	batch_init(&b, st);
	batch_script(&b, SCRIPT_ASIDE, 6, 3);
	for (size_t i = 0; i < NELEM(KEYS); i++)
		batch_item_key(&b, partition, KEYS[i], name);
	batch_partition_key(&b, partition, "due");
	batch_partition_key(&b, partition, "counts");
	batch_partition_key(&b, partition, "dead");
	batch_str(&b, token);
	batch_str(&b, name);
	batch_str(&b, why);
	(void)!store_run_code(st, &b, "aside");
	batch_fini(&b);
}

struct job *
job_read(struct store *st, int partition, const redisReply *r, int64_t now_ms,
    int64_t max_age_ms)
{
	struct arena *mem;
	struct job *j;
	const redisReply *history, *journal, *entry;
	const char *name = record_text(r, "name"), *why;
	const char *token = record_text(r, "token");

	entry = record_at(r, "entry");
	history = record_at(r, "history");
	journal = record_at(r, "journal");
	if (name == NULL || token == NULL || entry == NULL || history == NULL
	    || history->type != REDIS_REPLY_ARRAY || journal == NULL
	    || journal->type != REDIS_REPLY_ARRAY
	    || strlen(token) >= JOB_TOKEN_MAX) {
		log_event(LOG_ERROR, "job_unreadable",
		    F_STR("chat", name == NULL ? "" : name),
		    F_STR("why", "not an answer of take"),
		    F_STR("remedy", LOG_REMEDY_DAMAGED));
		return NULL;
	}
	mem = arena_new();
	j = arena_alloc(mem, sizeof(*j));
	j->mem = mem;
	j->kind = JOB_CHAT;
	j->given = arena_alloc(mem, sizeof(*j->given));
	if (strlen(name) >= CHAT_NAME_MAX
	    || chat_name_parse(&j->chat, name) == -1
	    || j->chat.partition != partition) {
		set_aside(st, partition, name, token, "name");
		arena_free(mem);
		return NULL;
	}
	memcpy(j->token, token, strlen(token) + 1);
	j->rc = STORE_OK;
	j->format = format_now(st) < FORMAT_STEPS ? format_now(st)
						  : FORMAT_STEPS;
	j->attempt = (int)record_int(r, "attempt");
	j->crashes = (int)record_int(r, "crashes");
	j->failures = (int)record_int(r, "failures");
	j->started_ms = record_int(r, "started");
	j->stop = record_int(r, "stop") == 1;
	why = record_text(r, "damaged");
	if (why != NULL) {
		log_event(LOG_ERROR, "chat_damaged", F_CHAT(&j->chat),
		    F_STR("what", why), F_STR("remedy", LOG_REMEDY_DAMAGED));
		j->damaged = arena_strdup(mem, why);
		note(j, STORE_NONE);
	}
	open_message(st, j, entry);
	open_history(st, j, history);
	open_journal(st, j, journal);
	j->given->session.running = true;
	j->given->session.waiting = record_int(r, "waiting");
	note(j, record_session(st, &j->chat, r, mem, &j->given->session));
	j->given->expired = max_age_ms > 0 && journal->elements == 0
	    && now_ms - j->given->accepted_ms > max_age_ms;
	return j;
}

void
job_free(struct job *j)
{
	if (j != NULL)
		arena_free(j->mem); /* holds the job itself */
}
