/*
 * job_chat: a chat that take handed out, opened.
 */
#include "redis/job_priv.h"

#include "base/clock.h"
#include "base/log.h"
#include "redis/format.h"

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
		job_note(j, STORE_NONE);
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
	job_note(j, rc);
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
			job_note(j, rc);
		if (rc == STORE_OK
		    && history_entry_read(j->mem, plain, len,
			   &j->given->history[j->given->nhistory])
			== 0)
			j->given->nhistory++;
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
job_read_chat(struct store *st, int partition, const redisReply *r,
    int64_t now_ms, int64_t max_age_ms)
{
	const redisReply *history = record_at(r, "history");
	const redisReply *journal = record_at(r, "journal");
	const redisReply *entry = record_at(r, "entry");
	const char *name = record_text(r, "name"), *why;
	struct job *j = entry == NULL || history == NULL
		|| history->type != REDIS_REPLY_ARRAY
	    ? NULL
	    : job_begin(JOB_CHAT, st, r);

	if (j == NULL) {
		log_event(LOG_ERROR, "job_unreadable",
		    F_STR("chat", name == NULL ? "" : name),
		    F_STR("why", "not an answer of take"),
		    F_STR("remedy", LOG_REMEDY_DAMAGED));
		return NULL;
	}
	j->given = arena_alloc(j->mem, sizeof(*j->given));
	if (strlen(name) >= CHAT_NAME_MAX
	    || chat_name_parse(&j->chat, name) == -1
	    || j->chat.partition != partition) {
		set_aside(st, partition, name, j->token, "name");
		job_free(j);
		return NULL;
	}
	why = record_text(r, "damaged");
	if (why != NULL) {
		log_event(LOG_ERROR, "chat_damaged", F_CHAT(&j->chat),
		    F_STR("what", why), F_STR("remedy", LOG_REMEDY_DAMAGED));
		j->damaged = arena_strdup(j->mem, why);
		job_note(j, STORE_NONE);
	}
	open_message(st, j, entry);
	open_history(st, j, history);
	job_open_journal(st, j, journal);
	j->given->session.running = true;
	j->given->session.waiting = record_int(r, "waiting");
	job_note(j,
	    record_session(st, &j->chat, r, j->mem, &j->given->session));
	j->given->expired = max_age_ms > 0 && journal->elements == 0
	    && now_ms - j->given->accepted_ms > max_age_ms;
	return j;
}
