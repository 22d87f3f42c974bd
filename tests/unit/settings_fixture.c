#include "tests/unit/settings_fixture.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <dirent.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PATHS 4

char folder[64];
struct buf errors, warnings;

const char *
put(const char *name, const char *text)
{
	static char paths[PATHS][sizeof(folder) + 256];
	static int i;
	char *path = paths[i++ % PATHS];
	FILE *f;

	snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	return path;
}

struct settings *
load_source(const struct settings_source *src)
{
	buf_fini(&errors);
	buf_fini(&warnings);
	buf_init(&errors, MIB);
	buf_init(&warnings, MIB);
	return settings_load(src, &errors, &warnings);
}

int
settings_fixture_begin(void **state)
{
	(void)state;
	if (sodium_init() == -1)
		return -1;
	snprintf(folder, sizeof(folder), "/tmp/test_settings.XXXXXX");
	return mkdtemp(folder) == NULL ? -1 : 0;
}

int
settings_fixture_end(void **state)
{
	DIR *d = opendir(folder);
	struct dirent *e;

	(void)state;
	buf_fini(&errors);
	buf_fini(&warnings);
	if (d == NULL)
		return -1;
	for (e = readdir(d); e != NULL; e = readdir(d))
		if (e->d_name[0] != '.')
			(void)unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
	return rmdir(folder);
}
