/*
 * dragoman init [DIR]: a configuration with its secrets in files.
 *
 * Nothing is ever overwritten: a lost sealing key is a lost Redis.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "base/arena.h"
#include "cli/cli.h"
#include "cli/started.h"
#include "redis/store.h"

#define KEY_BYTES 32
#define KEY_TEXT_MAX 64
#define DEFAULT_DIR DRAGOMAN_SYSCONFDIR

/* %s: where the page of settings is. */
static const char YAML[]
    = "# Dragoman's configuration.  Every key is also an environment variable\n"
      "# (chat.model: CHAT_MODEL; http.ca_file: DRAGOMAN_CA_FILE), which wins\n"
      "# over this file.  `dragoman config check` tells what is wrong here.\n"
      "# All settings: %s\n"
      "\n"
      "chat:\n"
      "  # direct openai groq ollama anthropic.  Without it the API key that is\n"
      "  # set decides (openai_api_key_file below); none: direct, no model.\n"
      "  #host: openai\n"
      "  #model: gpt-4o-mini\n"
      "  #memcp_url: http://localhost:8000\n"
      "  rate_limit_per_minute: 20\n"
      "  #persona:\n"
      "  #  name: Ada\n"
      "  #  tagline: mathematician\n"
      "  #  tone: friendly and brief\n"
      "  #starters:\n"
      "  #  - What can you do?\n"
      "\n"
      "server:\n"
      "  # How clients reach this server; `dragoman doctor` and `chat` ask there.\n"
      "  #public_url: https://chat.example.org\n"
      "  #listen: unix:/run/dragoman/edge.sock\n"
      "  #port: 8000\n"
      "\n"
      "redis:\n"
      "  url: redis://localhost:6379\n"
      "  # The names of all keys begin with it: others can use this Redis, too.\n"
      "  # Data that is there does not follow a change: dragoman prefix move.\n"
      "  prefix: '" STORE_PREFIX_NEW "'\n"
      "\n"
      "# MCP servers whose tools the model may call.\n"
      "#mcp:\n"
      "#  servers:\n"
      "#    weather:\n"
      "#      url: https://weather.example/mcp\n"
      "#      headers:\n"
      "#        Authorization: Bearer ${WEATHER_TOKEN}\n"
      "\n"
      "# Secrets, each in a file of its own beside this one, mode 0600.\n"
      "encryption_key_file: encryption_key\n"
      "proxy_secret_file: proxy_secret\n"
      "#openai_api_key_file: openai_api_key\n"
      "#groq_api_key_file: groq_api_key\n"
      "#anthropic_api_key_file: anthropic_api_key\n";

struct new_file {
	const char *name;
	mode_t mode;
	bool is_secret;
};

static const struct new_file FILES[] = {
	{ "encryption_key", 0600, true },
	{ "proxy_secret", 0600, true },
	/* Last: with it the configuration is whole. */
	{ "dragoman.yaml", 0640, false },
};

/* A new file with all of its bytes on the disk; -1: errno says why. */
static int
write_new(const char *path, mode_t mode, const char *text)
{
	size_t left = strlen(text);
	int saved,
	    fd = open(path,
		O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);

	if (fd == -1)
		return -1;
	while (left > 0) {
		ssize_t n = write(fd, text, left);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			goto bad;
		text += n;
		left -= (size_t)n;
	}
	if (fchmod(fd, mode) == -1 || fsync(fd) == -1)
		goto bad;
	return close(fd);
bad:
	saved = errno;
	close(fd);
	unlink(path);
	errno = saved;
	return -1;
}

static int
make(struct cli *cli, const char *dir, const struct new_file *file)
{
	const char *path = arena_printf(cli->mem, "%s/%s", dir, file->name);
	unsigned char key[KEY_BYTES];
	char text[KEY_TEXT_MAX], why[128];
	int rc;

	if (!file->is_secret)
		rc = write_new(path, file->mode,
		    arena_printf(cli->mem, YAML,
			started_page(cli->mem, "SETTINGS.md")));
	else {
		randombytes_buf(key, sizeof(key));
		/* The secret goes into a header: URL-safe is safe there. */
		sodium_bin2base64(text, sizeof(text) - 1, key, sizeof(key),
		    strcmp(file->name, "encryption_key") == 0
			? sodium_base64_VARIANT_ORIGINAL
			: sodium_base64_VARIANT_URLSAFE_NO_PADDING);
		strncat(text, "\n", sizeof(text) - strlen(text) - 1);
		rc = write_new(path, file->mode, text);
		sodium_memzero(key, sizeof(key));
		sodium_memzero(text, sizeof(text));
	}
	if (rc == -1)
		cli_error(cli,
		    "%s cannot be made: %s. Name another folder: "
		    "dragoman init DIR",
		    path, strerror_r(errno, why, sizeof(why)));
	return rc;
}

/* The folder and those above it. */
static int
make_folders(struct cli *cli, const char *dir)
{
	char *path = arena_strdup(cli->mem, dir), *p;

	for (p = path + 1; *p != '\0'; p++)
		if (*p == '/') {
			*p = '\0';
			if (mkdir(path, 0755) == -1 && errno != EEXIST)
				return -1;
			*p = '/';
		}
	return mkdir(path, 0750) == -1 && errno != EEXIST ? -1 : 0;
}

int
cmd_init(struct cli *cli)
{
	const char *dir = DEFAULT_DIR;
	json_t *made = json_array();
	char why[128];
	size_t i;

	if (!cli_args(cli, 0, 1)) {
		json_decref(made);
		return CLI_USAGE;
	}
	if (cli->nargs == 1)
		dir = cli->args[0];
	for (i = 0; i < NELEM(FILES); i++) {
		const char *path = arena_printf(cli->mem, "%s/%s", dir,
		    FILES[i].name);
		struct stat st;

		if (lstat(path, &st) == 0) {
			cli_error(cli,
			    "%s is there already; nothing was "
			    "changed. Name another folder: dragoman "
			    "init DIR",
			    path);
			json_decref(made);
			return CLI_FAILED;
		}
	}
	if (make_folders(cli, dir) == -1) {
		cli_error(cli,
		    "the folder %s cannot be made: %s. Name "
		    "another one: dragoman init DIR",
		    dir, strerror_r(errno, why, sizeof(why)));
		json_decref(made);
		return CLI_FAILED;
	}
	for (i = 0; i < NELEM(FILES); i++) {
		if (make(cli, dir, &FILES[i]) == -1) {
			json_decref(made);
			return CLI_FAILED;
		}
		json_array_append_new(made,
		    json_string(
			arena_printf(cli->mem, "%s/%s", dir, FILES[i].name)));
	}
	if (cli->json)
		return cli_json(cli,
		    json_pack("{s:s, s:o}", "folder", dir, "made", made));
	for (i = 0; i < json_array_size(made); i++)
		printf("made %s\n", json_string_value(json_array_get(made, i)));
	printf("\nKeep a copy of %s/encryption_key: without it nothing in "
	       "Redis can be read.\nThe workers' users must be able to read "
	       "these files. Then:\n  dragoman --config %s doctor\n",
	    dir, dir);
	json_decref(made);
	return CLI_OK;
}
