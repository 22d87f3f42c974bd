#include "content/tree_text.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "content/uri.h"

#define NS_PER_MS 1000000

/* "return-policy.md" is titled "return policy". */
static const char *
title_of(struct arena *mem, const char *path)
{
	const char *name = strrchr(path, '/'), *dot;
	char *title, *c;

	name = name == NULL ? path : name + 1;
	dot = strrchr(name, '.');
	title = arena_memdup(mem, name,
	    dot == NULL || dot == name ? strlen(name) : (size_t)(dot - name));
	for (c = title; *c != '\0'; c++)
		if (*c == '-' || *c == '_')
			*c = ' ';
	return title;
}

/* The text of ${doc}, whose reference it takes. */
static const char *
text_of(struct arena *mem, json_t *doc, size_t *len)
{
	const char *text = json_text(mem, json_keep(mem, doc));

	if (text == NULL)
		abort(); /* its strings are UTF-8 */
	*len = strlen(text);
	return text;
}

void
tree_text_file(struct arena *mem, struct tree_file *f)
{
	struct arena *own = arena_new();
	char time[CLOCK_ISO_MAX];
	const char *text;

	f->uri = content_uri(mem, f->path);
	text = text_of(own,
	    json_pack("{s:s, s:s, s:s, s:s, s:I, s:{s:s}}", "uri", f->uri,
		"name", f->path, "title", title_of(own, f->path), "mimeType",
		f->mime, "size", (json_int_t)f->stamp.size, "annotations",
		"lastModified", clock_iso(f->stamp.mtime_ns / NS_PER_MS, time)),
	    &f->len);
	f->text = arena_memdup(mem, text, f->len);
	arena_free(own);
}

void
tree_text_folder(struct arena *mem, struct tree_folder *f)
{
	bool is_root = f->path[0] == '\0';
	struct arena *own = arena_new();
	const char *text, *says;

	f->template = content_uri_template(mem, f->path);
	says = is_root ? "A file; name is the name of one"
		       : arena_printf(own,
			   "A file of the folder %s; name is the name "
			   "of one",
			   f->path);
	text = text_of(own,
	    json_pack("{s:s, s:s, s:s}", "uriTemplate", f->template, "name",
		is_root ? "files" : f->path, "description", says),
	    &f->len);
	f->text = arena_memdup(mem, text, f->len);
	arena_free(own);
}

void
tree_text_digest(struct tree *t)
{
	struct buf all = BUF_INIT(2 * TREE_FILES_MAX * BENEATH_PATH_MAX);
	size_t i;

	/* Full: the digest is of what fitted, and a change is seen later. */
	for (i = 0; i < t->n && !all.full; i++)
		(void)!buf_printf(&all, "%s\n%s\n", t->files[i].path,
		    t->files[i].mime);
	seal_digest("resources", buf_str(&all), all.len, t->digest);
	buf_fini(&all);
}
