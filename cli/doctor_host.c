/*
 * doctor_host: what this machine must be: files' modes, limits, cores.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "cli/doctor.h"

/* Besides what waits: Redis, models, logs, a connection of each thread. */
#define FILES_SPARE 128
#define FILES_PER_TURN 3 /* the model, Redis, a tool */

static void
check_mode(struct doctor *d, const char *path, const char *what)
{
	const char *advice =
	    arena_printf(d->cli->mem, "chmod 600 %s", path);
	struct stat st;
	char why[128];

	if (stat(path, &st) == -1)
		doctor_find(d, DOCTOR_ERROR, "secrets",
		    "see that this user may look at it",
		    "%s (%s): %s", path, what,
		    strerror_r(errno, why, sizeof(why)));
	else if ((st.st_mode & S_IRWXO) != 0)
		doctor_find(d, DOCTOR_ERROR, "secrets", advice,
		    "%s (%s) is open to every user of this machine", path,
		    what);
	else if ((st.st_mode & S_IWGRP) != 0)
		doctor_find(d, DOCTOR_WARN, "secrets", advice,
		    "%s (%s) can be changed by its group", path, what);
	else
		doctor_find(d, DOCTOR_OK, "secrets", NULL,
		    "%s (%s) is private", path, what);
}

static bool
begins(const char *text, const char *with)
{
	return with != NULL && with[0] != '\0' &&
	    strncmp(text, with, strlen(with)) == 0;
}

/* Each file that holds a secret, once. */
void
doctor_secrets(struct doctor *d)
{
	bool in_yaml = false, in_env_file = false, in_env = false;
	size_t i;

	if (d->s == NULL)
		return;
	for (i = 0; i < SETTINGS_N; i++) {
		const char *key = SETTINGS[i].key;
		const char *origin = config_origin(d->s->config, key);
		const char *file = config_value_file(d->s->config, key);

		if (SETTINGS[i].type != CONFIG_SECRET ||
		    strcmp(origin, "default") == 0)
			continue;
		if (file != NULL)
			check_mode(d, file, key);
		else if (begins(origin, d->s->file))
			in_yaml = true;
		else if (begins(origin, d->cli->env_file))
			in_env_file = true;
		else
			in_env = true;
	}
	if (in_yaml)
		check_mode(d, d->s->file, "secrets in it");
	if (in_env_file)
		check_mode(d, d->cli->env_file, "secrets in it");
	if (in_env)
		doctor_find(d, DOCTOR_OK, "secrets", NULL,
		    "some come from the environment; files (NAME_FILE) are "
		    "safer");
}

/* "Max open files  1024  524288  files" of a running program. */
static bool
proc_limit(const char *pid, const char *name, rlim_t *soft)
{
	char path[64], line[256], *p;
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/limits", pid);
	f = fopen(path, "re");
	if (f == NULL)
		return false;
	while (!found && fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, name, strlen(name)) == 0) {
			p = line + strlen(name);
			p += strspn(p, " ");
			*soft = strncmp(p, "unlimited", 9) == 0 ?
			    RLIM_INFINITY :
			    strtoull(p, NULL, 10);
			found = true;
		}
	fclose(f);
	return found;
}

static bool
proc_name(const char *pid, char *out, size_t max)
{
	char path[64];
	bool read = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	f = fopen(path, "re");
	if (f == NULL)
		return false;
	if (fgets(out, (int)max, f) != NULL) {
		out[strcspn(out, "\n")] = '\0';
		read = true;
	}
	fclose(f);
	return read;
}

static rlim_t
files_needed(const struct settings *s, const char *program)
{
	if (strcmp(program, "dragoman-edge") == 0)
		return (rlim_t)(s->server_parked + 2 * s->server_threads +
		    FILES_SPARE);
	return (rlim_t)(FILES_PER_TURN * s->turns_slots + FILES_SPARE);
}

static const char *
files_advice(struct doctor *d, rlim_t needed)
{
	return arena_printf(d->cli->mem,
	    "raise it (LimitNOFILE=%llu in the unit, or ulimit -n), or lower "
	    "server.parked and turns.slots",
	    (unsigned long long)needed);
}

/* The running programs of this host; ${seen}: how many. */
static void
check_running(struct doctor *d, int *seen)
{
	static const char *const programs[] = { "dragoman-edge",
		"dragoman-turn" };
	DIR *proc = opendir("/proc");
	struct dirent *e;
	size_t i;

	while (proc != NULL && (e = readdir(proc)) != NULL) {
		char name[32];
		rlim_t files, needed;

		if (!isdigit((unsigned char)e->d_name[0]) ||
		    !proc_name(e->d_name, name, sizeof(name)))
			continue;
		for (i = 0; i < NELEM(programs); i++) {
			if (strcmp(name, programs[i]) != 0 ||
			    !proc_limit(e->d_name, "Max open files", &files))
				continue;
			(*seen)++;
			needed = files_needed(d->s, name);
			if (files < needed)
				doctor_find(d, DOCTOR_WARN, "limits",
				    files_advice(d, needed),
				    "%s (process %s) may open %llu files, "
				    "and needs up to %llu",
				    name, e->d_name,
				    (unsigned long long)files,
				    (unsigned long long)needed);
		}
	}
	if (proc != NULL)
		closedir(proc);
}

void
doctor_limits(struct doctor *d)
{
	struct rlimit own;
	rlim_t needed;
	int seen = 0, before = d->warnings;

	if (d->s == NULL)
		return;
	check_running(d, &seen);
	needed = files_needed(d->s, "dragoman-edge");
	if (seen == 0 && getrlimit(RLIMIT_NOFILE, &own) == 0 &&
	    own.rlim_max < needed)
		doctor_find(d, DOCTOR_WARN, "limits", files_advice(d, needed),
		    "a program started here may open %llu files, an edge "
		    "needs up to %llu",
		    (unsigned long long)own.rlim_max,
		    (unsigned long long)needed);
	if (d->warnings == before)
		doctor_find(d, DOCTOR_OK, "limits", NULL,
		    "open files: enough%s",
		    seen > 0 ? " for each running program" : "");
}

/* Cores hold keys and what people wrote. */
void
doctor_cores(struct doctor *d)
{
	DIR *proc = opendir("/proc");
	struct dirent *e;
	bool bad = false;
	int seen = 0;

	while (proc != NULL && (e = readdir(proc)) != NULL) {
		char name[32];
		rlim_t core;

		if (!isdigit((unsigned char)e->d_name[0]) ||
		    !proc_name(e->d_name, name, sizeof(name)) ||
		    (strcmp(name, "dragoman-edge") != 0 &&
			strcmp(name, "dragoman-turn") != 0) ||
		    !proc_limit(e->d_name, "Max core file size", &core))
			continue;
		seen++;
		if (core == 0)
			continue;
		bad = true;
		doctor_find(d, DOCTOR_ERROR, "cores",
		    "start it again; do not raise its core limit",
		    "%s (process %s) may write a core, with keys in it", name,
		    e->d_name);
	}
	if (proc != NULL)
		closedir(proc);
	if (!bad)
		doctor_find(d, DOCTOR_OK, "cores", NULL,
		    seen > 0 ? "no running program may write one" :
			       "no program runs on this host; none of them "
			       "writes one");
}
