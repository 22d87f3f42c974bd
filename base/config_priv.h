/*
 * config_priv: what the files of config share.
 *
 * From below: config_slots.c (rows, origins, errors), config_words.c (what a row
 * takes), config_number.c and config_value.c (text to value), config_show.c
 * (and back), config_file.c (files of one value), config_env.c, config_near.c
 * (names that were meant), config_record.c and config_records.c, config_tree.c
 * and config_yaml.c, config_drop.c, config.c (sources and their order).
 */
#ifndef BASE_CONFIG_PRIV_H
#define BASE_CONFIG_PRIV_H

#include <jansson.h>

#include "base/config.h"
#include "base/secret.h"

struct arena;

#define CONFIG_FILE_MAX MIB          /* a file of settings; ours have 2 KiB */
#define CONFIG_SECRET_MAX (64 * KIB) /* a file that holds one value */
#define CONFIG_KEY_MAX 256
#define CONFIG_PATH_MAX 4096
#define CONFIG_FILE_NAME_MAX (CONFIG_NAME_MAX + 8) /* NAME_FILE */

struct config_slot {
	const char *origin;
	const char *path; /* of a file that holds the value; or NULL */
	bool is_default;
	bool is_wrong; /* an error was said of it */
	struct secret secret;
	json_t *tree;
};

struct config_env_line {
	const char *name;
	char *value;
	int line;
};

struct config {
	const struct config_def *defs;
	size_t ndefs;
	char *settings; /* the caller's struct */
	struct config_slot *slots;
	struct arena *mem;
	struct buf env_text; /* of the env file; wiped after reading */
	struct config_env_line *env_lines;
	size_t nenv_lines;
	const char *env_file;
	struct config_stray *strays;
	size_t nstrays;
	bool file_failed; /* what it would have set is not known */
	unsigned drops;   /* of config_source */
	unsigned closed;  /* the same */
	char *const *environ;
	struct buf *errors, *warnings; /* NULL once loaded */
	const char *prefix;            /* of keys in errors; NULL: none */
	const char *form;    /* that each error ends with; NULL: none */
	struct config *next; /* of config_records */
	size_t nerrors;
};

static inline bool
config_is_tree(enum config_type type)
{
	return type == CONFIG_RECORDS || type == CONFIG_MAP;
}

/* config_slots.c */
int config_find(const struct config *c, const char *key);
void config_error(struct config *c, const char *where, const char *key,
    const char *fmt, ...) PRINTF_LIKE(4, 5);
void config_warn(struct config *c, const char *where, const char *key,
    const char *text);

/* config_file.c */
/* Set row ${i} from the contents of the file ${path}, which was given as
 * ${given}: a key, perhaps, so a name alone of no file is not shown. */
void config_set_file(struct config *c, size_t i, const char *given,
    const char *path, const char *where, const char *origin);
/* Append a whole file.  -1: errno says why (EFBIG: passed ${out}->max). */
int config_read_file(const char *path, struct buf *out) WARN_UNUSED;

/*
 * config_value.c: THE way to a value.  False: not one of its type, reported
 * with ${where}.  An empty text sets the empty value.
 */
bool config_set(struct config *c, size_t i, const char *text, size_t len,
    const char *where, const char *origin);
bool config_set_items(struct config *c, size_t i, const char **items, size_t n,
    const char *where, const char *origin);
/* Takes the reference. */
bool config_set_tree(struct config *c, size_t i, json_t *tree,
    const char *where, const char *origin);

/* What a CONFIG_BOOL takes.  False: not one of its words. */
bool config_bool_parse(const char *text, bool *out);

/* All rows at their defaults. */
void config_set_defaults(struct config *c);

/* config_number.c: 0: a number within the row's range, in ${out}. */
int config_number_parse(const struct config_def *def, const char *text,
    double *out) WARN_UNUSED;

/* config_words.c */
void config_number_text(const struct config_def *def, double v, char *out,
    size_t max);
/* The ${i}th of the blank-separated ${words}; its length, 0 past
 * the last. */
size_t config_word_at(const char *words, size_t i, const char **word);
/* Where a name ends that should be one word: a whole line may stand there, with
 * a key in it. */
#define CONFIG_NAME_ENDS ": \t\r\n"
/* How many bytes of it may be shown. */
int config_name_shown(const char *name);
/* ${url} without its login and query; a text that is none as it is. */
int config_add_public(struct buf *out, const char *url) WARN_UNUSED;

/*
 * config_near.c: the nearest known key to a wrong one, or NULL; ${row} is the
 * row that was meant, or -1.
 */
const char *config_near(struct config *c, const char *key, int *row);
/* Variables that nobody reads: all of the env file, and those of the
 * environment that are near to one of ours. */
void config_find_strays(struct config *c);

/* config_record.c */
struct config_record {
	const struct config_members *m;
	const struct config_record_source *src;
	struct config *c; /* its values; errors go to src */
};
/* Looks at {NAME: TEXT}; into ${out}, unless it is NULL, "NAME: TEXT". */
void config_record_map(struct config_record *r, const struct config_def *def,
    const json_t *tree, const char **out);
void config_record_members(struct config_record *r, const json_t *doc);
/* A text, number or truth value as text (in ${number}, or ${v}'s own); NULL:
 * another kind. */
#define CONFIG_NUMBER_MAX 40
const char *config_scalar_text(const json_t *v, char number[CONFIG_NUMBER_MAX]);

/* config_yaml.c: every key of the file that is a row of ours. */
void config_read_yaml(struct config *c, const struct config_source *src);

/* config_env.c: every variable that is a row of ours. */
void config_read_env_file(struct config *c, const char *path);
void config_apply_env(struct config *c);
/* Will config_apply_env set row ${i}? */
bool config_env_has(const struct config *c, size_t i);

#endif
