/*
 * doctor_host: what this machine must be: files' modes, limits, cores, units,
 * log files.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "cli/doctor.h"
#include "cli/started.h"
#include "cli/units.h"
#include "cli/workers.h"
#include "fcgi/class.h"

/* Besides what waits: Redis, models, logs, a connection of each thread. */
#define FILES_SPARE 128
#define FILES_PER_TURN 3 /* the model, Redis, a tool */
#define LIMITS_MAX 4096
#define ENVIRON_MAX (128 * KIB)

static void
check_mode(struct doctor *d, const char *path, const char *what)
{
	const char *advice = arena_printf(d->cli->mem, "chmod 600 %s", path);
	struct stat st;
	char why[128];

	if (stat(path, &st) == -1)
		doctor_find(d, DOCTOR_ERROR, "secrets",
		    "see that this user may look at it", "%s (%s): %s", path,
		    what, strerror_r(errno, why, sizeof(why)));
	else if ((st.st_mode & S_IRWXO) != 0)
		doctor_find(d, DOCTOR_ERROR, "secrets", advice,
		    "%s (%s) is open to every user of this machine", path,
		    what);
	else if ((st.st_mode & S_IWGRP) != 0)
		doctor_find(d, DOCTOR_WARN, "secrets", advice,
		    "%s (%s) can be changed by its group", path, what);
	else
		doctor_find(d, DOCTOR_OK, "secrets", NULL, "%s (%s) is private",
		    path, what);
}

static bool
begins(const char *text, const char *with)
{
	return with != NULL && with[0] != '\0'
	    && strncmp(text, with, strlen(with)) == 0;
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

		if (SETTINGS[i].type != CONFIG_SECRET
		    || strcmp(origin, "default") == 0)
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
proc_limit(int pid, const char *name, rlim_t *soft)
{
	char text[LIMITS_MAX], *p;

	if (worker_read(pid, "limits", text, sizeof(text)) == 0)
		return false;
	p = strstr(text, name);
	if (p == NULL)
		return false;
	p += strlen(name);
	p += strspn(p, " ");
	*soft = strncmp(p, "unlimited", 9) == 0 ? RLIM_INFINITY
						: strtoull(p, NULL, 10);
	return true;
}

static rlim_t
files_needed(const struct settings *s, const char *program)
{
	if (strcmp(program, "dragoman-edge") == 0)
		return (rlim_t)(s->server_parked + CLASS_WAITING
		    + 2 * s->server_threads + FILES_SPARE);
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

/* The running programs; how many. */
static size_t
check_running(struct doctor *d)
{
	struct worker_process *list;
	size_t i, n = workers_find(d->cli->mem, &list);

	for (i = 0; i < n; i++) {
		rlim_t files, needed = files_needed(d->s, list[i].name);

		if (proc_limit(list[i].pid, "Max open files", &files)
		    && files < needed)
			doctor_find(d, DOCTOR_WARN, "limits",
			    files_advice(d, needed),
			    "%s (process %d) may open %llu files, and needs "
			    "up to %llu",
			    list[i].name, list[i].pid,
			    (unsigned long long)files,
			    (unsigned long long)needed);
	}
	return n;
}

void
doctor_limits(struct doctor *d)
{
	struct rlimit own;
	rlim_t needed;
	int before = d->warnings;
	size_t seen;

	if (d->s == NULL)
		return;
	seen = check_running(d);
	needed = files_needed(d->s, "dragoman-edge");
	if (seen == 0 && getrlimit(RLIMIT_NOFILE, &own) == 0
	    && own.rlim_max < needed)
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
	struct worker_process *list;
	size_t i, n = workers_find(d->cli->mem, &list), seen = 0;
	bool bad = false;
	rlim_t core;

	for (i = 0; i < n; i++) {
		if (!proc_limit(list[i].pid, "Max core file size", &core))
			continue;
		seen++;
		if (core == 0)
			continue;
		bad = true;
		doctor_find(d, DOCTOR_ERROR, "cores",
		    arena_printf(d->cli->mem, "%s; do not raise its core limit",
			started_how_restart(d->cli->mem, &list[i])),
		    "%s (process %d) may write a core, with keys in it",
		    list[i].name, list[i].pid);
	}
	if (!bad)
		doctor_find(d, DOCTOR_OK, "cores", NULL,
		    seen > 0 ? "no running program may write one"
			     : "no program runs on this host; none of them "
			       "writes one");
}

/* Units of systemd that do not start. */
void
doctor_units(struct doctor *d)
{
	struct unit_failed *list;
	size_t i, n;

	if (started_state() != NULL || !units_are_here())
		return;
	n = units_find_failed(d->cli->mem, &list);
	d->units_failed = n;
	for (i = 0; i < n; i++)
		doctor_find(d, DOCTOR_ERROR, "workers",
		    arena_printf(d->cli->mem,
			"repair the cause: it is tried again every ten "
			"seconds; journalctl -u %s has more",
			list[i].name),
		    "%s does not start (tried %lld times): %s", list[i].name,
		    (long long)list[i].starts + 1,
		    list[i].why == NULL ? "its reason is in the journal"
					: list[i].why);
}

/* Where ${w} writes its log, as this process can open it; NULL: nowhere, or
 * not to be known.  Its environment is above the configuration, which is ours
 * only for units of systemd. */
static const char *
log_path(struct doctor *d, const struct worker_process *w)
{
	static const char NAME[] = "LOG_FILE=";
	char text[ENVIRON_MAX];
	size_t len = worker_read(w->pid, "environ", text, sizeof(text)), at;
	const char *path = w->unit[0] != '\0' ? d->s->log_file : "";

	if (len == 0)
		return NULL;
	for (at = 0; at < len; at += strlen(text + at) + 1)
		if (strncmp(text + at, NAME, sizeof(NAME) - 1) == 0)
			path = text + at + sizeof(NAME) - 1;
	return path[0] == '\0' ? NULL
			       : arena_printf(d->cli->mem, "/proc/%d/%s%s%s",
				   w->pid, path[0] == '/' ? "root" : "cwd",
				   path[0] == '/' ? "" : "/", path);
}

/* Does ${w} have the file at ${path} open? */
static bool
has_open(const struct worker_process *w, const char *path)
{
	char folder[64];
	struct stat want, got;
	struct dirent *e;
	bool found = false;
	DIR *fds;

	snprintf(folder, sizeof(folder), "/proc/%d/fd", w->pid);
	fds = opendir(folder);
	if (fds == NULL)
		return true; /* not ours to look at */
	if (stat(path, &want) == 0)
		while (!found && (e = readdir(fds)) != NULL)
			found = fstatat(dirfd(fds), e->d_name, &got, 0) == 0
			    && got.st_dev == want.st_dev
			    && got.st_ino == want.st_ino;
	closedir(fds);
	return found;
}

/* A worker goes on without its log file. */
void
doctor_logs(struct doctor *d)
{
	struct worker_process *list;
	size_t i, n, seen = 0, bad = 0;

	if (d->s == NULL)
		return;
	n = workers_find(d->cli->mem, &list);
	for (i = 0; i < n; i++) {
		const char *path = log_path(d, &list[i]);

		if (path == NULL)
			continue;
		seen++;
		if (has_open(&list[i], path))
			continue;
		bad++;
		doctor_find(d, DOCTOR_WARN, "logs",
		    arena_printf(d->cli->mem,
			"give its user a folder that it may write to, "
			"then: %s",
			started_how_reload(d->cli->mem, &list[i])),
		    "%s (process %d) does not write to its log file %s",
		    list[i].name, list[i].pid, strchr(path + 6, '/') + 5);
	}
	if (seen > 0 && bad == 0)
		doctor_find(d, DOCTOR_OK, "logs", NULL,
		    "each running program writes to its log file");
}
