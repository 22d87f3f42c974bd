/*
 * dragoman keys: list, rotate, reseal.
 *
 * A new key is added last everywhere first, so that every worker can open
 * what it will seal; then it moves to the front; then all is sealed anew; and
 * only then the old ones go.  Between the steps the workers must have read
 * the file again, which this program cannot see: so it tells.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "base/arena.h"
#include "base/seal.h"
#include "cli/cli.h"
#include "cli/key_list.h"
#include "cli/started.h"
#include "redis/ledger.h"
#include "redis/store.h"

#define KEY_BYTES 32
#define RESEAL_PASSES 20 /* a worker with the old order keeps sealing: tell */

static struct seal_ring *
ring_of(const char *text, const char **why)
{
	struct secret s = { 0 };
	struct seal_ring *ring;

	secret_set(&s, text, strlen(text));
	ring = seal_ring_new(&s, NULL, "", why);
	secret_clear(&s);
	return ring;
}

static json_t *
ring_json(const struct seal_ring *ring)
{
	json_t *list = json_array();
	char id[SEAL_ID_MAX];
	size_t i;

	for (i = 0; seal_ring_id(ring, i, id); i++)
		json_array_append_new(list,
		    json_pack("{s:s, s:s}", "id", id, "use",
			i == 0 ? "encrypts and decrypts" : "decrypts"));
	return list;
}

static void
print_ring(const json_t *list)
{
	json_t *key;
	size_t i;

	json_array_foreach((json_t *)list, i, key)
		printf("  %zu. %s  %s\n", i + 1,
		    json_string_value(json_object_get(key, "id")),
		    json_string_value(json_object_get(key, "use")));
}

int
cmd_keys_list(struct cli *cli)
{
	const struct settings *s;
	const char *why = "", *file;
	json_t *list;

	if (!cli_args(cli, 0, 0))
		return CLI_USAGE;
	s = cli_settings(cli);
	if (s == NULL)
		return CLI_USAGE;
	cli->ring = seal_ring_new(&s->encryption_key, &s->master_password,
	    s->encryption_salt, &why);
	if (cli->ring == NULL) {
		cli_error(cli, "encryption_key: %s", why);
		return CLI_USAGE;
	}
	list = ring_json(cli->ring);
	file = config_value_file(s->config, "encryption_key");
	if (cli->json)
		return cli_json(cli,
		    json_pack("{s:o, s:s?}", "keys", list, "file", file));
	print_ring(list);
	json_decref(list);
	printf("from %s\n",
	    secret_is_set(&s->encryption_key)
		? config_origin(s->config, "encryption_key")
		: "master_password");
	return CLI_OK;
}

static int
prepare(struct cli *cli, struct key_list *plan)
{
	unsigned char key[KEY_BYTES];
	char *text = arena_alloc(cli->mem, 64);

	if (plan->n == SEAL_KEYS_MAX) {
		cli_error(cli,
		    "there are %d keys already: finish the last "
		    "rotation (keys reseal, then keys rotate "
		    "--retire)",
		    SEAL_KEYS_MAX);
		return -1;
	}
	randombytes_buf(key, sizeof(key));
	sodium_bin2base64(text, 64, key, sizeof(key),
	    sodium_base64_VARIANT_ORIGINAL);
	sodium_memzero(key, sizeof(key));
	plan->keys[plan->n++] = text;
	return 0;
}

/*
 * The last key, if it never sealed: then it was prepared and waits.  ${id}
 * becomes its name.  CLI_OK: there is one, CLI_FAILED: none; else the exit
 * code.
 */
static int
find_waiting(struct cli *cli, const struct key_list *plan, char id[SEAL_ID_MAX])
{
	enum store_rc rc;
	int code;

	if (plan->n < 2)
		return CLI_FAILED;
	if (cli->store == NULL && cli_store(cli, &code) == NULL)
		return code == CLI_FAILED ? CLI_USAGE : code;
	if (!seal_ring_id(cli->ring, plan->n - 1, id))
		return CLI_FAILED;
	rc = store_has_sealed(cli->store, id);
	if (rc == STORE_DOWN)
		return cli_store_failed(cli, rc, "keys rotate");
	return rc == STORE_NONE ? CLI_OK : CLI_FAILED;
}

static int
activate(struct cli *cli, struct key_list *plan)
{
	char id[SEAL_ID_MAX];
	const char *newest;
	int code = find_waiting(cli, plan, id);

	if (code == CLI_FAILED)
		cli_error(cli,
		    "no key waits to be activated: %s; begin with "
		    "dragoman keys rotate --prepare",
		    plan->n < 2
			? "there is one key only"
			: "the last one in the list was in use before the "
			  "first did");
	if (code != CLI_OK)
		return code;
	newest = plan->keys[plan->n - 1];
	memmove(plan->keys + 1, plan->keys,
	    (plan->n - 1) * sizeof(plan->keys[0]));
	plan->keys[0] = newest;
	return CLI_OK;
}

struct progress {
	struct cli *cli;
	bool shown;
};

static void
on_progress(void *ctx, int64_t seen, int64_t changed)
{
	struct progress *p = ctx;

	if (p->cli->json || isatty(STDERR_FILENO) != 1)
		return;
	fprintf(stderr, "\r%lld looked at, %lld encrypted anew ",
	    (long long)seen, (long long)changed);
	p->shown = true;
}

/* Until a pass finds nothing; the sum into ${total}. */
static int
reseal(struct cli *cli, int64_t *total)
{
	struct progress p = { .cli = cli };
	int64_t changed = 1;
	int code, rc = STORE_OK, pass;
	struct store *st = cli->store;

	if (st == NULL)
		st = cli_store(cli, &code);
	if (st == NULL)
		return code;
	*total = 0;
	for (pass = 0; changed > 0 && pass < RESEAL_PASSES; pass++) {
		changed = 0;
		rc = ledger_reseal(st, on_progress, &p, &changed);
		if (rc != STORE_OK)
			break;
		*total += changed;
	}
	if (p.shown)
		fputc('\n', stderr);
	if (rc != STORE_OK)
		return cli_store_failed(cli, rc, "keys reseal");
	if (changed == 0)
		return CLI_OK;
	cli_error(cli,
	    "values are still being encrypted with an older key: some "
	    "worker has not read the new order. Let all read it, "
	    "then repeat: %s",
	    started_how(cli->mem, HOW_RELOAD_KEYS));
	return CLI_FAILED;
}

static int
retire(struct cli *cli, struct key_list *plan)
{
	char id[SEAL_ID_MAX];
	int64_t total;
	int code;

	if (plan->n < 2) {
		cli_error(cli, "there is one key only: nothing to retire");
		return CLI_FAILED;
	}
	code = find_waiting(cli, plan, id);
	if (code == CLI_OK) {
		cli_error(cli,
		    "key %s was prepared and never activated: keys "
		    "rotate --activate first, or take it out of "
		    "the list",
		    id);
		return CLI_FAILED;
	}
	if (code != CLI_FAILED)
		return code;
	code = reseal(cli, &total);
	if (code != CLI_OK)
		return code;
	if (total > 0) {
		/* Somebody sealed with an old key a moment ago. */
		cli_error(cli,
		    "%lld values had still been encrypted with an "
		    "older key; they are not any more. Let all "
		    "workers read the file again, then repeat: %s",
		    (long long)total, started_how(cli->mem, HOW_RELOAD_KEYS));
		return CLI_FAILED;
	}
	plan->n = 1;
	return CLI_OK;
}

static int
explain(struct cli *cli)
{
	cli_error(cli,
	    "say which step:\n"
	    "  1. dragoman keys rotate --prepare    add a new key, which only "
	    "decrypts\n"
	    "  2. dragoman keys rotate --activate   encrypt with the new key\n"
	    "  3. dragoman keys reseal              encrypt everything in Redis "
	    "again\n"
	    "  4. dragoman keys rotate --retire     drop the old keys\n"
	    "After 1, 2 and 4 let the workers read the file again.");
	return CLI_USAGE;
}

int
cmd_keys_rotate(struct cli *cli)
{
	bool do_prepare = cli_flag(cli, "--prepare");
	bool do_activate = cli_flag(cli, "--activate");
	bool do_retire = cli_flag(cli, "--retire");
	const struct settings *s;
	const char *file, *text, *why = "";
	struct key_list plan = { .n = 0 };
	struct seal_ring *ring;
	json_t *list;
	int code;

	if (!cli_args(cli, 0, 0))
		return CLI_USAGE;
	if (do_prepare + do_activate + do_retire != 1)
		return explain(cli);
	s = cli_settings(cli);
	if (s == NULL)
		return CLI_USAGE;
	file = config_value_file(s->config, "encryption_key");
	if (!secret_is_set(&s->encryption_key) || file == NULL) {
		cli_error(cli,
		    "the encryption key must be in a file for this: "
		    "put it there and name it by "
		    "encryption_key_file or ENCRYPTION_KEY_FILE");
		return CLI_USAGE;
	}
	if (key_list_read(cli, &s->encryption_key, &plan) == -1) {
		cli_error(cli, "%s holds more than %d keys", file,
		    SEAL_KEYS_MAX);
		return CLI_USAGE;
	}
	code = do_prepare ? prepare(cli, &plan)
	    : do_activate ? activate(cli, &plan)
			  : retire(cli, &plan);
	if (code != 0)
		return code == -1 ? CLI_FAILED : code;
	text = key_list_text(cli, &plan);
	ring = ring_of(text, &why);
	if (ring == NULL) {
		cli_error(cli, "the new list of keys is not right: %s", why);
		return CLI_FAILED;
	}
	list = ring_json(ring);
	seal_ring_free(ring);
	if (key_list_replace(cli, file, text) == -1) {
		json_decref(list);
		return CLI_FAILED;
	}
	/* Now: the store has the ring from before, its first key seals. */
	if (do_retire && store_canary_alone(cli->store) != STORE_OK) {
		json_decref(list);
		return cli_store_failed(cli, STORE_DOWN, "keys rotate");
	}
	if (cli->json)
		return cli_json(cli,
		    json_pack("{s:o, s:s}", "keys", list, "file", file));
	printf("%s now holds:\n", file);
	print_ring(list);
	json_decref(list);
	printf("next: copy the file to every host, and let all workers there "
	       "read it again:\n  %s\n",
	    started_how(cli->mem, HOW_RELOAD_KEYS));
	printf("%s",
	    do_prepare        ? "then: dragoman keys rotate --activate\n"
		: do_activate ? "then: dragoman keys reseal\n"
			      : "");
	return CLI_OK;
}

int
cmd_keys_reseal(struct cli *cli)
{
	int64_t total = 0;
	int code;

	if (!cli_args(cli, 0, 0))
		return CLI_USAGE;
	code = reseal(cli, &total);
	if (code != CLI_OK)
		return code;
	if (cli->json)
		return cli_json(cli,
		    json_pack("{s:I}", "resealed", (json_int_t)total));
	printf("all is encrypted with the first key (%lld values anew)\n",
	    (long long)total);
	return CLI_OK;
}
