/*
 * config: settings from a table, filled from defaults, a YAML file, the
 * environment and secret files, with the origin of each value.
 *
 * One function sets a value whatever its origin: config_set(key, text,
 * origin).  All errors of a source are collected, each with file, line, key
 * and what was expected.  A YAML mapping is flattened to dotted keys
 * ("chat.persona.name"), a sequence of scalars is a list.  Keys of type
 * CONFIG_RECORDS and CONFIG_MAP keep their subtree as JSON.
 *
 * The environment name of "chat.rate_limit_per_minute" is
 * CHAT_RATE_LIMIT_PER_MINUTE; a definition may name others that users know
 * (${env}: separated by blanks, first set one wins; empty values do not
 * count).  NAME_FILE names a file that holds the value (a last newline is
 * dropped), and $CREDENTIALS_DIRECTORY/NAME (lower or upper case) too, for
 * secrets.  In YAML a secret may be given as "proxy_secret_file: PATH", read
 * from the folder of that YAML file when it is relative.  Precedence:
 * environment, NAME_FILE, credentials, env file, YAML, default.
 */
#ifndef BASE_CONFIG_H
#define BASE_CONFIG_H

#include "base/base.h"
#include "base/buf.h"

enum config_type {
	CONFIG_BOOL, /* bool: true false yes no on off 1 0 */
	CONFIG_INT,  /* int64_t */
	CONFIG_REAL, /* double */
	CONFIG_SPAN, /* int64_t, milliseconds: "90", "90s", "10m", "1h", "500ms"; a bare number is seconds */
	CONFIG_SIZE, /* int64_t, bytes: "64k", "1m" */
	CONFIG_STR,  /* const char *, never NULL */
	CONFIG_LIST, /* struct config_list: YAML list, or comma separated */
	CONFIG_ENUM, /* int: index into ${words} */
	CONFIG_URL,  /* const char *: http(s)://, or "" */
	CONFIG_SECRET, /* struct secret */
	/* json_t * or NULL, {NAME: record}: a record's members are rows, too,
	 * by ${members}; config_records_read reads them. */
	CONFIG_RECORDS,
	/* json_t * or NULL, {NAME: TEXT}, each text a secret.  As a member of a
	 * record: const char **, "NAME: TEXT", NULL ends. */
	CONFIG_MAP,
	CONFIG_IGNORED, /* accepted with the warning ${help} */
};

struct config_list {
	const char **items; /* NULL-terminated; NULL when empty */
	size_t n;
};

struct config_def {
	const char *key;
	enum config_type type;
	size_t offset;        /* into the settings struct */
	const char *fallback; /* the default as text; NULL: empty/zero */
	double min, max;      /* of numbers and spans (ms); both 0: any */
	const char *env;      /* further environment names, or NULL */
	const char *words;    /* of CONFIG_ENUM: "auto native text"; of
				 CONFIG_STR: the only values, or NULL; of
				 CONFIG_RECORDS and _MAP: its form, or NULL */
	const char *help;     /* one line, for config show and env.example */
	unsigned flags;
	const struct config_members *members; /* of CONFIG_RECORDS */
};
#define CONFIG_NO_ENV 0x1 /* has no environment variable of its own name */
/* may hold a password: comes as a credential too, and config_value hides that
 * part */
#define CONFIG_PRIVATE 0x2
#define CONFIG_QUIET 0x4 /* of CONFIG_IGNORED: known, no warning */
/* a secret of letters and digits: what was pasted along with it is left out
 * */
#define CONFIG_KEY 0x10
#define CONFIG_HIDDEN 0x8 /* only for config_source.foreign_keys */
/* Of members of a record: must be there; ${NAME}s in it are variables, so that
 * it is read only where secrets are; an address that keeps its last slash. */
#define CONFIG_NEEDED 0x20
#define CONFIG_EXPANDS 0x40
#define CONFIG_WHOLE 0x80
/* A secret of who asks models alone: other programs may lack the files that
 * hold it, and keep nothing of it (config_source.drops). */
#define CONFIG_ASKER 0x100
/* The same of who calls tools: turn workers, and edges for clients of MCP. */
#define CONFIG_CALLER 0x200

struct config; /* a loaded set of values with their origins */

struct config_source {
	const char *file;     /* YAML; NULL: none */
	bool file_must_exist; /* named by the user, not searched for */
	const char *env_file; /* NAME=value lines; NULL: none */
	char *const *environ; /* NULL: none */
	bool foreign;         /* unknown keys in file are no error
				 (config.tech.yaml) */
	unsigned drops;       /* CONFIG_ASKER, CONFIG_CALLER: rows with one of
			   them are not for this program.  config_drop clears
			   them */
	unsigned closed;      /* the same: files that hold rows with one of them
				may be closed to this program */
	bool keeps_env_file;  /* for config_variable */
	const char *foreign_keys; /* the keys of a foreign file that count, with
				     blanks between: "chat.*" "a.b=our.key" */
};

/*
 * Fill ${settings} (zeroed by the caller, ${size} bytes) by ${defs}.
 * Errors and warnings are appended to ${errors} and ${warnings}, a line each.
 * Returns a config that owns everything ${settings} points to; free it last.
 * The number of errors is in ${nerrors}.
 */
struct config *config_load(const struct config_def *defs, size_t ndefs,
    void *settings, size_t size, const struct config_source *src,
    struct buf *errors, struct buf *warnings, size_t *nerrors) WARN_UNUSED;
void config_free(struct config *c);

/* "default", "environment CHAT_HOST", "dragoman.yaml:12", ...; NULL: no such
 * key. */
const char *config_origin(const struct config *c, const char *key);
/* The file that holds the value itself (NAME_FILE, a credential); NULL: it
 * came another way. */
const char *config_value_file(const struct config *c, const char *key);
bool config_is_default(const struct config *c, const char *key);
/* An error was said of it: what follows from its value means nothing. */
bool config_is_wrong(const struct config *c, const char *key);
/* The YAML file could not be read as a whole: what it sets is not known. */
bool config_file_failed(const struct config *c);

/*
 * The variable ${name} as a ${NAME} in a value means it: of this process's
 * environment, else of the env file (config_source.keeps_env_file).  NULL: of
 * neither.  ${config} is a struct config or NULL, for text_expand.
 */
const char *config_variable(void *config, const char *name);

/* A variable that nobody reads; lives as long as the config. */
struct config_stray {
	const char *name, *where;
	const char *near; /* what was meant; NULL: no guess */
};
/* All such of the env file; of the environment those with a guess. */
const struct config_stray *config_strays(const struct config *c, size_t *n);

/* The environment names of row ${def} in the order they are looked at, the
 * ${i}th into ${out}; false past the last. */
#define CONFIG_NAME_MAX 80
bool config_env_name(const struct config_def *def, size_t i,
    char out[CONFIG_NAME_MAX]);

/* What a row takes, in words: "a whole number from 1 to 50". */
int config_expected(const struct config_def *def, struct buf *out) WARN_UNUSED;

/* The value as text; secrets as "(set)" or "". */
int config_value(const struct config *c, const char *key,
    struct buf *out) WARN_UNUSED;

/*
 * The one value that the file ${path} holds, without its last newline, into
 * ${out} (wipe it: it may be a secret).  -1: ${why} is a clause that names the
 * file, errno says of what kind.
 */
int config_read_value(const char *path, struct buf *out, char *why,
    size_t max) WARN_UNUSED;

/*
 * What each record of a CONFIG_RECORDS row holds.  A member's offset is into
 * the record; a secret may be given as NAME_file, too.  What is not in
 * ${rows} is never shown.
 */
#define CONFIG_RECORD_NAME_MAX 64 /* letters, digits, _ . - */
#define CONFIG_MAP_MAX 16 /* of one mapping: gateways want two or three */
struct config_members {
	const struct config_def *rows;
	size_t n;
	size_t size;      /* of the record */
	size_t name;      /* in it: const char * */
	size_t max;       /* records */
	const char *form; /* how to write one, for errors; or NULL */
	const char *skip; /* a member: where it is true, the record is left
			     out unread; or NULL */
	bool is_foreign;  /* other programs' files have more members */
};

struct arena;

/* Records as they were read, in ${mem}, which the caller sets. */
struct config_records {
	struct arena *mem;
	void *items; /* ${n} of config_members.size */
	size_t n;
	struct config *read;
};

struct config_record_source {
	const char *where;  /* of the tree, for errors */
	const char *key;    /* that stands before a record's name in them */
	const char *file;   /* a relative NAME_file is beside it; or NULL */
	void *config;       /* for config_variable */
	bool reads_secrets; /* else secrets, mappings and what expands stay
			       empty, and no variable is looked up */
	struct buf *errors, *warnings; /* a line each; warnings: or NULL */
};

/* Append all of ${tree} to ${out}; returns the number of errors.  A record that
 * is wrong is appended, too. */
struct json_t;
size_t config_records_read(const struct config_members *m,
    const struct json_t *tree, const struct config_record_source *src,
    struct config_records *out) WARN_UNUSED;
/* Clear the secrets: before ${out}->mem is freed. */
void config_records_fini(struct config_records *out);
/* The same for a CONFIG_MAP that is a setting of its own, which stays JSON. */
size_t config_map_check(const char *key, const struct json_t *tree,
    const struct config_record_source *src, struct arena *mem) WARN_UNUSED;
/* Zero the addresses of records: one may hold a password. */
void config_records_drop(struct config_records *out);
bool config_is_record_name(const char *s);

/* Zero the values of all rows that config_source.drops names, the texts of
 * mappings too.  Secrets are then not set. */
void config_drop(struct config *c);
/* The same for their variables, in ${environ} itself: /proc shows it as it was
 * given.  A zeroed one is as if it were not set. */
void config_drop_environ(const struct config_def *defs, size_t ndefs,
    unsigned drops, char *const *environ);

/* A span as CONFIG_SPAN takes it, from ${min} to ${max} milliseconds. */
int config_span(const char *text, int64_t min, int64_t max,
    int64_t *ms) WARN_UNUSED;

/* A copy of ${text} that lives as long as ${c}. */
const char *config_keep(struct config *c, const char *text);

/* Set a key that was left at its default, with an origin of the program's
 * own ("derived from MEMCP_URL").  -1: not a value of that type. */
int config_set_derived(struct config *c, const char *key, const char *text,
    const char *origin) WARN_UNUSED;

#endif
