#include "cli/units.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/output.h"

#define UNITS_MAX 64 /* more are not shown */
/* systemd.exec(5): a credential is not there */
#define STATUS_CREDENTIALS 243
#define WHY_LINES "3" /* the first errors are the cause */

/* Where the unit of a turn worker may lie: the operator's, ours, a package's. */
#define UNIT "dragoman-turn@.service"
static const char *const UNIT_FILES[] = { "/etc/systemd/system/" UNIT,
	"/usr/local/lib/systemd/system/" UNIT, "/usr/lib/systemd/system/" UNIT,
	"/lib/systemd/system/" UNIT };

bool
units_are_here(void)
{
	size_t i;

	if (access("/run/systemd/system", F_OK) == -1)
		return false;
	for (i = 0; i < NELEM(UNIT_FILES); i++)
		if (access(UNIT_FILES[i], F_OK) == 0)
			return true;
	return false;
}

/* The value of a line "NAME=value" in ${block}; or NULL. */
static const char *
property(struct arena *mem, const char *block, const char *name)
{
	size_t len = strlen(name);
	const char *p = block;

	while (*p != '\0') {
		size_t n = strcspn(p, "\n");

		if (n > len && strncmp(p, name, len) == 0 && p[len] == '=')
			return arena_memdup(mem, p + len + 1, n - len - 1);
		p += n + (p[n] == '\n');
	}
	return NULL;
}

/* Of the lines "LoadCredential=NAME:FILE" of the unit's files the first whose
 * file cannot be read. */
static const char *
missing_credential(struct arena *mem, const char *unit)
{
	const char *argv[] = { "systemctl", "cat", "--no-pager", unit, NULL };
	static const char LINE[] = "LoadCredential=";
	const char *p = output_of(mem, argv), *file;
	size_t n;

	while (p != NULL && *p != '\0') {
		n = strcspn(p, "\n");
		if (strncmp(p, LINE, sizeof(LINE) - 1) == 0
		    && memchr(p, ':', n) != NULL) {
			file = (const char *)memchr(p, ':', n) + 1;
			file = arena_memdup(mem, file, n - (size_t)(file - p));
			if (file[0] == '/' && access(file, R_OK) == -1)
				return arena_printf(mem,
				    "the credential %s cannot be read: %s",
				    file, strerrordesc_np(errno));
		}
		p += n + (p[n] == '\n');
	}
	return NULL;
}

/* An error line of a worker in few words; one that is not JSON as it is. */
static const char *
words_of(struct arena *mem, const char *line, size_t len)
{
	const json_t *doc = json_read(mem, line, len, NULL, NULL);
	const char *what, *remedy;

	if (doc == NULL)
		return arena_memdup(mem, line, len);
	what = json_member_str(doc, "what");
	if (what == NULL)
		what = json_member_str(doc, "why");
	if (what == NULL)
		what = json_member_str(doc, "event");
	remedy = json_member_str(doc, "remedy");
	return arena_printf(mem, "%s%s%s", what == NULL ? "?" : what,
	    remedy != NULL ? "; " : "", remedy != NULL ? remedy : "");
}

/* The errors of the unit's last start. */
static const char *
errors_of(struct arena *mem, const char *unit, const char *invocation)
{
	const char *by_start[] = { "journalctl", "-q", "--no-pager", "-o",
		"cat", "-p", "err", "-n", WHY_LINES,
		arena_printf(mem, "_SYSTEMD_INVOCATION_ID=%s",
		    invocation == NULL ? "" : invocation),
		NULL };
	const char *by_unit[] = { "journalctl", "-q", "--no-pager", "-o", "cat",
		"-p", "err", "-n", WHY_LINES, "-b", "-u", unit, NULL };
	const char *text = NULL, *why = NULL;

	if (invocation != NULL)
		text = output_of(mem, by_start);
	if (text == NULL || *text == '\0')
		text = output_of(mem, by_unit);
	while (text != NULL && *text != '\0') {
		size_t n = strcspn(text, "\n");
		const char *one = words_of(mem, text, n);

		why = why == NULL ? one : arena_printf(mem, "%s; %s", why, one);
		text += n + (text[n] == '\n');
	}
	return why;
}

/* One unit as `systemctl show` describes it; false: it is well. */
static bool
read_unit(struct arena *mem, const char *block, struct unit_failed *u)
{
	const char *state = property(mem, block, "ActiveState");
	const char *sub = property(mem, block, "SubState");
	const char *status = property(mem, block, "ExecMainStatus");
	const char *starts = property(mem, block, "NRestarts");
	int64_t code = 0;

	*u = (struct unit_failed){ .name = property(mem, block, "Id") };
	if (u->name == NULL || state == NULL || sub == NULL
	    || (strcmp(state, "failed") != 0
		&& strcmp(sub, "auto-restart") != 0))
		return false;
	if (starts == NULL || text_int(starts, &u->starts) == -1)
		u->starts = 0;
	if (status == NULL || text_int(status, &code) == -1)
		code = 0;
	if (code == STATUS_CREDENTIALS)
		u->why = missing_credential(mem, u->name);
	if (u->why == NULL)
		u->why = errors_of(mem, u->name,
		    property(mem, block, "InvocationID"));
	return true;
}

size_t
units_find_failed(struct arena *mem, struct unit_failed **out)
{
	const char *argv[] = { "systemctl", "show", "--no-pager", "-p",
		"Id,ActiveState,SubState,ExecMainStatus,NRestarts,InvocationID",
		"dragoman-edge@*.service", "dragoman-turn@*.service", NULL };
	const char *p = output_of(mem, argv), *end;
	size_t n = 0;

	*out = arena_alloc(mem, UNITS_MAX * sizeof(**out));
	while (p != NULL && *p != '\0' && n < UNITS_MAX) {
		end = strstr(p, "\n\n");
		n += read_unit(mem,
		    arena_memdup(mem, p,
			end == NULL ? strlen(p) : (size_t)(end - p)),
		    &(*out)[n]);
		p = end == NULL ? "" : end + 2;
	}
	return n;
}
