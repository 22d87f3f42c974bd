/*
 * fuzz_config: the bytes of a configuration.  The first one chooses: a
 * dragoman.yaml, a config.tech.yaml, an env file, or all variables at once.
 * What is wrong must be told, nothing more; what is right can be shown.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "base/buf.h"
#include "nouns/settings.h"

#define REPORTS_MAX (16 * MIB)
#define VARIABLES_MAX 64
#define KEY "ENCRYPTION_KEY=MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static char folder[] = "/tmp/fuzz_config.XXXXXX";
static const char *const names[] = { "dragoman.yaml", "config.tech.yaml",
	"env" };

static const char *
path_of(size_t i)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
	return path;
}

static void
clean_up(void)
{
	size_t i;

	for (i = 0; i < NELEM(names); i++)
		unlink(path_of(i));
	rmdir(folder);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	if (sodium_init() == -1 || mkdtemp(folder) == NULL)
		abort();
	atexit(clean_up);
	return 0;
}

static void
show(const struct settings *s)
{
	struct buf out = BUF_INIT(REPORTS_MAX);
	size_t i;

	for (i = 0; i < SETTINGS_N; i++)
		if (config_value(s->config, SETTINGS[i].key, &out) == -1
		    || config_origin(s->config, SETTINGS[i].key) == NULL)
			abort();
	buf_fini(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct buf errors = BUF_INIT(REPORTS_MAX), warnings = errors;
	struct settings_source src = { 0 };
	char *env[VARIABLES_MAX + 2] = { (char *)KEY };
	struct settings *s;
	char *text, *p;
	size_t kind, n = 1;
	FILE *f;

	if (len == 0)
		return 0;
	kind = bytes[0] % 4;
	text = calloc(1, len);
	if (text == NULL)
		abort();
	memcpy(text, bytes + 1, len - 1);
	src.environ = env;
	src.file = "/dev/null"; /* not this machine's own */
	if (kind < NELEM(names)) {
		f = fopen(path_of(kind), "w");
		if (f == NULL || fwrite(text, 1, len - 1, f) != len - 1)
			abort();
		fclose(f);
		if (kind == 2)
			src.env_file = path_of(kind);
		else
			src.file = path_of(kind);
	} else
		for (p = text; p != NULL && n <= VARIABLES_MAX;)
			env[n++] = strsep(&p, "\n");
	s = settings_load(&src, &errors, &warnings);
	if (s != NULL)
		show(s);
	else if (errors.len == 0)
		abort(); /* refused, and nobody knows why */
	settings_unref(s);
	buf_fini(&errors);
	buf_fini(&warnings);
	free(text);
	return 0;
}
