/*
 * key_list: the encryption keys as their file has them, in their order.
 */
#ifndef CLI_KEY_LIST_H
#define CLI_KEY_LIST_H

#include "base/base.h"
#include "base/seal.h"

struct cli;
struct secret;

struct key_list {
	const char *keys[SEAL_KEYS_MAX]; /* in the command's memory */
	size_t n;
};

/* Add those of ${text} to ${list}, which is empty.  -1: too many. */
int key_list_read(struct cli *cli, const struct secret *text,
    struct key_list *list) WARN_UNUSED;
/* As a file has them: at least one. */
const char *key_list_text(struct cli *cli, const struct key_list *list);

/*
 * Replace ${path}, or the file that a link of this name leads to, in one step,
 * with its mode and owner: a worker that reads it meanwhile sees the old or
 * the new one, whole.  -1: said.
 */
int key_list_replace(struct cli *cli, const char *path,
    const char *text) WARN_UNUSED;

#endif
