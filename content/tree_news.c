#include "content/tree_news.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"

static bool
tell_file(const struct content_ears *ears, const struct tree_file *file)
{
	char stamp[64];

	(void)snprintf(stamp, sizeof(stamp), "%" PRId64 ".%" PRId64,
	    file->stamp.size, file->stamp.mtime_ns);
	return ears->updated(ears->arg, file->uri, stamp);
}

static bool
has_changed(const struct beneath_stamp *a, const struct beneath_stamp *b)
{
	return a->size != b->size || a->mtime_ns != b->mtime_ns
	    || a->inode != b->inode;
}

/* Both are sorted.  A file that has gone or come has changed, too. */
static bool
tell_files(const struct content_ears *ears, const struct tree *old,
    const struct tree *new)
{
	size_t i = 0, k = 0;
	bool told = true;
	int order;

	while (told && (i < old->n || k < new->n)) {
		order = i == old->n ? 1
		    : k == new->n
		    ? -1
		    : strcmp(old->files[i].path, new->files[k].path);
		if (order < 0)
			told = ears->updated(ears->arg, old->files[i].uri,
			    "gone");
		else if (order > 0
		    || has_changed(&old->files[i].stamp, &new->files[k].stamp))
			told = tell_file(ears, &new->files[k]);
		i += order <= 0;
		k += order >= 0;
	}
	return told;
}

bool
tree_news_tell(const struct content_ears *ears, const struct tree *old,
    const struct tree *new)
{
	if ((old == NULL || strcmp(old->digest, new->digest) != 0)
	    && !ears->listed(ears->arg, CONTENT_LIST_RESOURCES, new->digest))
		return false;
	return old == NULL || tell_files(ears, old, new);
}

static bool
was_left_out(const struct tree *t, const struct tree_left_out *one)
{
	size_t i;

	for (i = 0; t != NULL && i < t->nleft_out && i < TREE_LEFT_OUT_SHOWN;
	     i++)
		if (strcmp(t->left_out[i].path, one->path) == 0
		    && strcmp(t->left_out[i].why, one->why) == 0)
			return true;
	return false;
}

void
tree_news_log(const char *root, const struct tree *old, const struct tree *new)
{
	size_t i;

	if (new->error != 0 && (old == NULL || old->error != new->error))
		log_event(LOG_ERROR, "content_failed", F_STR("folder", root),
		    F_STR("setting", "mcp.resources_dir"),
		    F_INT("errno", new->error),
		    F_STR("remedy",
			"let the edge's user read the folder, or name another "
			"one in mcp.resources_dir"));
	for (i = 0; i < new->nleft_out &&i < TREE_LEFT_OUT_SHOWN; i++)
		if (!was_left_out(old, &new->left_out[i]))
			log_event(LOG_WARN, "content_skipped",
			    F_STR("file", new->left_out[i].path),
			    F_STR("folder", root),
			    F_STR("why", new->left_out[i].why));
}
