#include "mcp/rpc.h"

#include <inttypes.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"

#define BATCH_MAX 1000 /* messages of one array; more is no answer to us */

/* An object as JSON-RPC has it, or only words. */
static void
read_error(json_t *error, struct rpc_message *m)
{
	static const char *const WORDS[] = { "message", "data", "detail",
		"error" };
	const char *code = json_member_str(error, "code");
	size_t i;

	m->kind = RPC_ERROR;
	m->message = json_is_string(error) ? json_string_value(error) : NULL;
	m->code = json_member_int(error, "code", 0);
	if (code != NULL && text_int(code, &m->code) == -1)
		m->code = 0;
	for (i = 0; i < NELEM(WORDS) && m->message == NULL; i++)
		m->message = json_member_str(error, WORDS[i]);
	if (m->message == NULL)
		m->message = "";
	m->data = json_object_get(error, "data");
}

void
rpc_read_message(json_t *doc, struct rpc_message *m)
{
	json_t *error;

	*m = (struct rpc_message){ .kind = RPC_INVALID };
	if (!json_is_object(doc))
		return;
	m->id = json_object_get(doc, "id");
	if (json_is_null(m->id))
		m->id = NULL;
	if (m->id != NULL && !json_is_string(m->id) && !json_is_number(m->id))
		return;
	m->params = json_object_get(doc, "params");
	if (!json_is_object(m->params))
		m->params = NULL;
	m->method = json_member_str(doc, "method");
	m->result = json_object_get(doc, "result");
	error = json_object_get(doc, "error");
	if (m->method != NULL)
		m->kind = m->id == NULL ? RPC_NOTIFICATION : RPC_REQUEST;
	else if (json_is_object(error) || json_is_string(error))
		read_error(error, m);
	else if (m->id != NULL && m->result != NULL)
		m->kind = RPC_RESULT;
}

int
rpc_read(struct arena *mem, const char *bytes, size_t len,
    int (*on)(void *ctx, const struct rpc_message *m), void *ctx)
{
	json_t *doc = json_read_lenient(mem, bytes, len);
	struct rpc_message m;
	size_t i;
	int rc;

	if (doc == NULL)
		return -1;
	if (!json_is_array(doc)) {
		rpc_read_message(doc, &m);
		return on(ctx, &m);
	}
	for (i = 0; i < json_array_size(doc) && i < BATCH_MAX; i++) {
		rpc_read_message(json_array_get(doc, i), &m);
		rc = on(ctx, &m);
		if (rc != 0)
			return rc;
	}
	return 0;
}

enum rpc_id_match
rpc_id_match(const json_t *id, int64_t want)
{
	int64_t n;

	if (json_is_integer(id))
		return json_integer_value(id) == want ? RPC_ID_SAME
						      : RPC_ID_OTHER;
	if (json_is_real(id))
		return json_real_value(id) == (double)want ? RPC_ID_SAME
							   : RPC_ID_OTHER;
	return json_is_string(id) && text_int(json_string_value(id), &n) == 0
		&& n == want
	    ? RPC_ID_TEXT
	    : RPC_ID_OTHER;
}

int
rpc_write(struct buf *out, int64_t id, const char *method, const char *params,
    const char *meta)
{
	const char *comma = params[0] != '\0' && meta[0] != '\0' ? "," : "";

	if (buf_add_str(out, "{\"jsonrpc\":\"2.0\",") == -1)
		return -1;
	if (id > 0 && buf_printf(out, "\"id\":%" PRId64 ",", id) == -1)
		return -1;
	if (buf_printf(out, "\"method\":\"%s\"", method) == -1)
		return -1;
	if (params[0] == '\0' && meta[0] == '\0')
		return buf_add_char(out, '}');
	if (buf_add_str(out, ",\"params\":{") == -1
	    || buf_add_str(out, params) == -1 || buf_add_str(out, comma) == -1)
		return -1;
	if (meta[0] != '\0'
	    && (buf_add_str(out, "\"_meta\":{") == -1
		|| buf_add_str(out, meta) == -1 || buf_add_str(out, "}") == -1))
		return -1;
	return buf_add_str(out, "}}");
}

int
rpc_write_head(struct buf *out, const json_t *id)
{
	if (buf_add_str(out, "{\"jsonrpc\":\"2.0\",") == -1)
		return -1;
	if (id == NULL)
		return 0;
	if (buf_add_str(out, "\"id\":") == -1)
		return -1;
	if (json_is_integer(id) ? buf_printf(out, "%" JSON_INTEGER_FORMAT,
				      json_integer_value(id))
		    == -1
				: json_add(out, id) == -1)
		return -1;
	return buf_add_char(out, ',');
}

int
rpc_write_result(struct buf *out, const json_t *id, const json_t *result)
{
	return rpc_write_head(out, id) == -1
		|| buf_add_str(out, "\"result\":") == -1
		|| json_add(out, result) == -1
	    ? -1
	    : buf_add_char(out, '}');
}

int
rpc_write_error(struct buf *out, const json_t *id, int code,
    const char *message)
{
	return rpc_write_fault(out, id, code, message, NULL);
}

int
rpc_write_fault(struct buf *out, const json_t *id, int code,
    const char *message, const json_t *data)
{
	if (rpc_write_head(out, id) == -1
	    || buf_printf(out, "\"error\":{\"code\":%d,\"message\":", code)
		== -1
	    || json_add_str(out, message, strlen(message)) == -1)
		return -1;
	if (data != NULL
	    && (buf_add_str(out, ",\"data\":") == -1
		|| json_add(out, data) == -1))
		return -1;
	return buf_add_str(out, "}}");
}
