/*
 * settings_load: which file, and all that is done with it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "nouns/settings_priv.h"

#define PATH_BYTES 4096

/* Where packages put it, whatever prefix this build was given. */
#define ETC "/etc/dragoman"

/* In meMCP's own file: the chat's settings, and where that meMCP listens. */
#define FOREIGN_KEYS "chat.* server.port=memcp_port"

static const char *
variable(char *const *env, const char *name)
{
	size_t len = strlen(name);

	for (; env != NULL && *env != NULL; env++)
		if (strncmp(*env, name, len) == 0 && (*env)[len] == '='
		    && (*env)[len + 1] != '\0')
			return *env + len + 1;
	return NULL;
}

static bool
exists(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0;
}

static bool
is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* The file of a folder: ours, else meMCP's.  False: neither is there. */
static bool
find_in(const char *folder, char *path, size_t max)
{
	static const char *const names[] = { "dragoman.yaml",
		"config.tech.yaml" };
	size_t i;

	for (i = 0; i < NELEM(names); i++)
		if (snprintf(path, max, "%s/%s", folder, names[i]) < (int)max
		    && exists(path))
			return true;
	return false;
}

/*
 * The file to read into ${path}; "": none.  True: somebody named it, so that
 * it must be there.
 */
static bool
find_file(const struct settings_source *src, char *path, size_t max)
{
	static const char *const folders[] = { DRAGOMAN_SYSCONFDIR, ETC };
	const char *named = src->file;
	size_t i;

	if (named == NULL || named[0] == '\0')
		named = variable(src->environ, "DRAGOMAN_CONFIG");
	if (named == NULL)
		named = variable(src->environ, "CONFIG_PATH");
	if (named != NULL && strcmp(named, "/dev/null") == 0) {
		path[0] = '\0'; /* none, and none is searched for */
		return false;
	}
	if (named != NULL) {
		if (!is_folder(named) || !find_in(named, path, max))
			snprintf(path, max, "%s%s", named,
			    is_folder(named) ? "/dragoman.yaml" : "");
		return true;
	}
	for (i = 0; i < NELEM(folders); i++)
		if (find_in(folders[i], path, max))
			return false;
	path[0] = '\0';
	return false;
}

/* meMCP's file, by the name its users know: config.tech.yaml and the like. */
static bool
is_foreign(const char *path)
{
	static const char *const ends[] = { "tech.yaml", "tech.yml" };
	size_t len = strlen(path), i;

	for (i = 0; i < NELEM(ends); i++)
		if (len >= strlen(ends[i])
		    && strcmp(path + len - strlen(ends[i]), ends[i]) == 0)
			return true;
	return false;
}

struct settings *
settings_load(const struct settings_source *src, struct buf *errors,
    struct buf *warnings)
{
	struct settings *s = calloc(1, sizeof(*s));
	struct findings f = { .errors = errors, .warnings = warnings };
	struct config_source from = { .env_file = src->env_file,
		.environ = src->environ,
		.keeps_env_file = src->asks_models,
		.foreign_keys = FOREIGN_KEYS };
	char path[PATH_BYTES];

	if (s == NULL)
		abort();
	s->refs = 1;
	from.file_must_exist = find_file(src, path, sizeof(path));
	from.file = path[0] != '\0' ? path : NULL;
	from.foreign = is_foreign(path);
	/* An edge that may not open what a turn worker may still serves. */
	from.closed = src->asks_models ? 0 : CONFIG_ASKER | CONFIG_CALLER;
	from.drops = src->calls_tools ? from.closed & ~(unsigned)CONFIG_CALLER
				      : from.closed;
	s->config = config_load(SETTINGS, SETTINGS_N, s, sizeof(*s), &from,
	    errors, warnings, &f.nerrors);
	s->file = config_keep(s->config, path);
	s->asks_models = src->asks_models;

	settings_decide(&f, s, src);
	settings_check(&f, s);
	settings_llm(&f, s);
	settings_quirks(&f, s);
	settings_names(&f, s, src->environ);
	if (src->reads_servers)
		settings_mcp(&f, s);
	config_drop(s->config);
	if (!s->asks_models)
		config_records_drop(&s->records);
	if (f.nerrors > 0) {
		settings_unref(s);
		return NULL;
	}
	return s;
}
