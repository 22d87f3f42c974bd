/*
 * resources: those that the conformance suite lists and reads.
 */
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "tests/conformance/offered.h"

#define TEMPLATE_FRONT "test://template/"
#define TEMPLATE_END "/data"

/* One red pixel, as it is. */
static const unsigned char PNG[] = { 0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a,
	0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52, 0x00, 0x00, 0x00,
	0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x02, 0x00, 0x00, 0x00, 0x90, 0x77,
	0x53, 0xde, 0x00, 0x00, 0x00, 0x0c, 0x49, 0x44, 0x41, 0x54, 0x78, 0xda,
	0x63, 0xf8, 0xcf, 0xc0, 0x00, 0x00, 0x03, 0x01, 0x01, 0x00, 0xf7, 0x03,
	0x41, 0x43, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42,
	0x60, 0x82 };

static const struct resource {
	const char *uri, *text;
	const char *read; /* NULL: the pixel */
	const char *mime;
} RESOURCES[] = {
	{ "test://static-text",
	    "{\"uri\":\"test://static-text\",\"name\":\"static-text\","
	    "\"description\":\"A text\",\"mimeType\":\"text/plain\"}",
	    "This is the content of the static text resource.", "text/plain" },
	{ "test://static-binary",
	    "{\"uri\":\"test://static-binary\",\"name\":\"static-binary\","
	    "\"description\":\"An image\",\"mimeType\":\"image/png\"}",
	    NULL, "image/png" },
	{ "test://watched-resource",
	    "{\"uri\":\"test://watched-resource\",\"name\":"
	    "\"watched-resource\",\"description\":\"One to subscribe to\","
	    "\"mimeType\":\"text/plain\"}",
	    "This is the content of the watched resource.", "text/plain" },
};

static const char TEMPLATE[] = "test://template/{id}/data";
static const char TEMPLATE_TEXT[]
    = "{\"uriTemplate\":\"test://template/{id}/data\",\"name\":\"template\","
      "\"description\":\"Data of an id\",\"mimeType\":\"application/json\"}";

void
fixture_list_resources(enum content_list list, content_add *add, void *arg)
{
	size_t i;

	if (list == CONTENT_LIST_TEMPLATES)
		(void)add(arg, TEMPLATE, TEMPLATE_TEXT, strlen(TEMPLATE_TEXT));
	if (list != CONTENT_LIST_RESOURCES)
		return;
	for (i = 0; i < NELEM(RESOURCES); i++)
		if (!add(arg, RESOURCES[i].uri, RESOURCES[i].text,
			strlen(RESOURCES[i].text)))
			return;
}

static enum content_rc
give(struct arena *mem, const char *mime, const void *bytes, size_t len,
    bool is_text, struct content_answer *out)
{
	const struct content_part part = { .mime = mime,
		.bytes = bytes,
		.len = len,
		.is_text = is_text };

	out->parts = (struct content_part *)(void *)arena_memdup(mem, &part,
	    sizeof(part));
	out->n = 1;
	return CONTENT_OK;
}

/* The id in ${uri}; NULL: it is none of the template's. */
static const char *
template_id(struct arena *mem, const char *uri)
{
	size_t front = strlen(TEMPLATE_FRONT), end = strlen(TEMPLATE_END);
	size_t len = strlen(uri);

	if (len <= front + end || strncmp(uri, TEMPLATE_FRONT, front) != 0
	    || strcmp(uri + len - end, TEMPLATE_END) != 0)
		return NULL;
	return arena_memdup(mem, uri + front, len - front - end);
}

enum content_rc
fixture_read(void *own, const struct content_ctx *ctx, const char *uri,
    struct content_answer *out)
{
	const char *id = template_id(ctx->mem, uri), *text;
	size_t i;

	(void)own;
	for (i = 0; i < NELEM(RESOURCES); i++) {
		const struct resource *r = &RESOURCES[i];

		if (strcmp(r->uri, uri) != 0)
			continue;
		return r->read == NULL
		    ? give(ctx->mem, r->mime, PNG, sizeof(PNG), false, out)
		    : give(ctx->mem, r->mime, r->read, strlen(r->read), true,
			out);
	}
	if (id == NULL)
		return CONTENT_NONE;
	text = json_text(ctx->mem,
	    json_keep(ctx->mem,
		json_pack("{s:s, s:b, s:s}", "id", id, "templateTest", 1,
		    "data", arena_printf(ctx->mem, "Data for ID: %s", id))));
	return give(ctx->mem, "application/json", text, strlen(text), true,
	    out);
}
