#include "nouns/task.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"

/* Of a call: a body of mcp.body_max, with each character escaped. */
#define CALL_MAX (512 * MIB)

static const char *const STATES[TASK_STATES] = {
	[TASK_WORKING] = "working",
	[TASK_ASKS] = "input_required",
	[TASK_COMPLETED] = "completed",
	[TASK_FAILED] = "failed",
	[TASK_CANCELLED] = "cancelled",
};

const char *
task_state_name(enum task_state state)
{
	return STATES[state];
}

int
task_state_parse(const char *text)
{
	int i;

	for (i = 0; i < TASK_STATES; i++)
		if (strcmp(STATES[i], text) == 0)
			return i;
	return -1;
}

bool
task_is_over(enum task_state state)
{
	return state >= TASK_COMPLETED;
}

static bool
is_id(const char *s)
{
	return strlen(s) == TASK_ID_MAX - 1
	    && strspn(s, "0123456789abcdef") == TASK_ID_MAX - 1;
}

/* Letters and digits, as ids of keys are. */
static bool
is_key(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (!((s[i] >= '0' && s[i] <= '9')
			|| ((s[i] | 0x20) >= 'a' && (s[i] | 0x20) <= 'z')))
			return false;
	return len > 0 && len < CHAT_ID_MAX;
}

int
task_name(struct chat_name *out, const char *key, const char *id)
{
	if (key == NULL || *key == '\0')
		key = TASK_NOBODY;
	if (!is_id(id) || !is_key(key, strlen(key)))
		return -1;
	(void)snprintf(out->text, sizeof(out->text), "%s/%s", key, id);
	out->partition = chat_name_partition(key);
	return 0;
}

int
task_name_parse(struct chat_name *out, const char *text, char id[TASK_ID_MAX])
{
	const char *slash = strchr(text, '/');
	char key[CHAT_ID_MAX];

	if (slash == NULL || !is_key(text, (size_t)(slash - text))
	    || !is_id(slash + 1))
		return -1;
	memcpy(key, text, (size_t)(slash - text));
	key[slash - text] = '\0';
	memcpy(id, slash + 1, TASK_ID_MAX);
	return task_name(out, key, id);
}

void
task_id_new(char id[TASK_ID_MAX])
{
	text_random_hex((TASK_ID_MAX - 1) / 2, id);
}

/* Documents are written as they lie there: other threads may hold them. */
const char *
task_call_write(struct arena *mem, const struct task_call *c)
{
	const struct caller *who = &c->caller;
	json_t *head = json_keep(mem,
	    json_pack("{s:s, s:s*, s:s*, s:s*, s:s*, s:s*, s:s*, s:s*, s:s*}",
		"tool", c->tool, "tenant", who->tenant, "connection",
		who->connection, "key", who->key, "role", who->role, "person",
		who->person, "state", c->state, "request", c->request, "trace",
		c->trace));
	struct buf out = BUF_INIT(CALL_MAX);
	const char *text = NULL;

	if (head != NULL && json_add(&out, head) == 0) {
		out.len--; /* its brace */
		if (buf_add_str(&out, ",\"arguments\":") == 0
		    && json_add(&out, c->arguments) == 0
		    && (c->answers == NULL
			|| (buf_add_str(&out, ",\"answers\":") == 0
			    && json_add(&out, c->answers) == 0))
		    && buf_add_char(&out, '}') == 0)
			text = arena_strdup(mem, buf_str(&out));
	}
	buf_fini(&out);
	return text;
}

int
task_call_read(struct arena *mem, const char *text, size_t len,
    struct task_call *out)
{
	json_t *doc = json_read(mem, text, len, NULL, NULL);
	json_t *arguments = NULL, *answers = NULL;

	*out = (struct task_call){ 0 };
	if (doc == NULL
	    || json_unpack(doc,
		   "{s:s, s:o, s?s, s?s, s?s, s?s, s?s, s?o, s?s, s?s, s?s}",
		   "tool", &out->tool, "arguments", &arguments, "tenant",
		   &out->caller.tenant, "connection", &out->caller.connection,
		   "key", &out->caller.key, "role", &out->caller.role, "person",
		   &out->caller.person, "answers", &answers, "state",
		   &out->state, "request", &out->request, "trace", &out->trace)
		== -1
	    || !json_is_object(arguments))
		return -1;
	out->arguments = arguments;
	out->answers = answers;
	return 0;
}
