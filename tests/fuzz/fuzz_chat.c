/*
 * fuzz_chat: what a person may say: the body of POST /chat, a chat's name,
 * the words that are commands, and calls in words (chat.host: direct).
 */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "handlers/chat_priv.h"
#include "llm/direct.h"
#include "nouns/chat_name.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
body(struct arena *mem, const char *text, size_t len)
{
	const json_t *doc = json_read(mem, text, len, NULL, NULL);
	struct chat_body b = { 0 };
	json_t *wrong;

	if (!json_is_object(doc))
		return;
	wrong = chat_body_read(mem, doc, &b);
	if (json_array_size(wrong) == 0)
		must(b.chat_id != NULL && b.message != NULL);
}

static void
name(const char *text)
{
	struct chat_name n;

	if (chat_name_parse(&n, text) == 0)
		must(strcmp(n.text, text) == 0
		    && n.partition == chat_name_partition(text)
		    && chat_name_chat(&n)[0] != '\0');
}

static void
direct(struct arena *mem, const char *text)
{
	static const char SCHEMA[]
	    = "{\"type\":\"object\",\"properties\":{\"text\":{\"type\":"
	      "\"string\"},\"n\":{\"type\":\"integer\"},\"on\":{\"type\":"
	      "\"boolean\"}},\"required\":[\"text\"]}";
	const struct tool_spec tools[] = { { .name = "echo",
					       .description = "says it again",
					       .schema = json_read(mem, SCHEMA,
						   strlen(SCHEMA), NULL,
						   NULL) },
		{ .name = "a__b", .description = "" } };
	struct direct_plan plan = { 0 };

	direct_read(mem, text, tools, NELEM(tools), &plan);
	if (plan.reply != NULL) {
		must(text_is_utf8(plan.reply, strlen(plan.reply)));
		return;
	}
	must(plan.call.name != NULL && plan.call.id != NULL);
	must(json_is_object(json_read(mem, plan.call.arguments,
	    strlen(plan.call.arguments), NULL, NULL)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct arena *mem = arena_new();
	const char *text;

	body(mem, (const char *)bytes, len);
	/* A message is valid UTF-8 and stripped before it is looked at. */
	text = text_strip(mem, text_clean(mem, (const char *)bytes, len));
	name(text);
	(void)command_is_immediate(command_parse(text));
	direct(mem, text);
	arena_free(mem);
	return 0;
}
