/*
 * api_keys_priv: what `dragoman key` says (api_keys_say.c).
 */
#ifndef CLI_API_KEYS_PRIV_H
#define CLI_API_KEYS_PRIV_H

#include "cli/cli.h"
#include "redis/api_keys.h"

/* A key that was just made, once; ${text} is the key.  An exit code. */
int api_key_say_made(struct cli *cli, const struct api_key *key,
    const char *text, bool secret_last);

/* All of them.  An exit code. */
int api_key_say_list(struct cli *cli, const struct api_key_listed *list,
    size_t n);

#endif
