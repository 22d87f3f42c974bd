#!/usr/bin/env python3
"""
Each rule that compares documents with the code is broken once: a case changes
one text, and the rule must say so.  Prints the cases that no rule sees.
"""
import contextlib
import io

import commands
import interfaces
import pages
import settings
from texts import CHANGED, stored

SETTINGS, INTERFACES = "docs/SETTINGS.md", "docs/INTERFACES.md"
MACHINE, TROUBLE = "docs/openapi.yaml", "docs/TROUBLESHOOTING.md"

# The rule; the file, what stands there and what is put in its place; a part of
# what the rule must say.
CASES = [
    (settings.check_page, SETTINGS, "| `llm.idle` |", "| `llm.idler` |",
     "there is no setting llm.idler"),
    (settings.check_page, "nouns/settings.c", '"llm.idle"', '"llm.idler"',
     "setting llm.idler is missing"),
    (settings.check_page, SETTINGS, "from 1 to 4096 | `1024`", "from 1 to 4095 | `1024`",
     "turns.slots: takes from 1 to 4096"),
    (settings.check_page, SETTINGS, "| `1024` |", "| `1023` |", "turns.slots: the default"),
    (settings.check_page, SETTINGS, "`MCP_PORT`", "`MCP_PORTS`", "server.port: the variables"),
    (settings.check_page, SETTINGS, "the port nginx listens on", "a port",
     "server.port: the help"),
    (settings.check_credentials, SETTINGS, "`http.proxy`, `mcp.servers`", "`mcp.servers`",
     "http.proxy"),
    (settings.check_example, "env.example", "#LLM_IDLE=", "#LLM_IDLER=",
     "there is no setting LLM_IDLER"),
    (settings.check_example, "env.example", "#LLM_IDLE=60s", "#LLM_IDLE=61s",
     "LLM_IDLE: its default is 60s"),
    (settings.check_example, "env.example", "#SQL_ECHO=false\n", "", "SQL_ECHO is missing"),
    (settings.check_example, "env.example", "# time for one tool call", "# time",
     "MCP_TIMEOUT: says not"),
    (settings.check_members, SETTINGS, "| `api_key_file` |", "| `api_file` |",
     "no record has a member api_file"),
    (settings.check_members, "nouns/settings_members.c", '"disabled",', '"hidden",',
     "member hidden is in no table"),
    (settings.check_variables, "README.md", "`LLM_MODEL` chooses", "`LLM_MODELS` chooses",
     "nothing reads a variable LLM_MODELS"),
    (settings.check_variables, "deploy/systemd/dragoman-turn@.service", "SERVER_METRICS_FILE",
     "SERVER_METRIC_FILE", "nothing reads a variable SERVER_METRIC_FILE"),
    (settings.check_variables, "deploy/quickstart.d/settings.sh", "LLM_BACKENDS ",
     "LLM_BACKEND ", "nothing reads a variable LLM_BACKEND"),
    (settings.check_variables, "cli/chat.c", "DRAGOMAN_HISTORY", "DRAGOMAN_PAST",
     "cli/chat.c does not read DRAGOMAN_HISTORY"),
    (settings.check_keys, "docs/OPERATIONS.md", "`redis.durability", "`redis.durable",
     "there is no setting redis.durable"),
    (settings.check_keys, "llm/remedy.c", "llm.fallback", "llm.fallbacks",
     "there is no setting llm.fallbacks"),
    (settings.check_keys, SETTINGS, "  fallback: [claude, local]", "  fallbacks: [claude]",
     "its YAML sets llm.fallbacks"),
    (interfaces.check_events, INTERFACES, "| `worker_started` |", "| `worker_begun` |",
     "no program logs worker_begun"),
    (interfaces.check_events, "work/take.c", '"threads_failed"', '"threads_gone"',
     "log event threads_gone is missing"),
    (interfaces.check_events, INTERFACES, "`chat`, `what`, `remedy`", "`chat`, `remedy`",
     "chat_damaged has a field what, too"),
    (interfaces.check_events, INTERFACES, "`chat`, `what`, `remedy`",
     "`chat`, `what`, `noun`, `remedy`", "chat_damaged has no field noun"),
    (interfaces.check_events, INTERFACES, "| `turn_done` | info |", "| `turn_done` | warn |",
     "turn_done is info"),
    (interfaces.check_remedies, "work/take.c", 'F_STR("remedy"', 'F_STR("cure"',
     "an error without a remedy"),
    (interfaces.check_metrics, INTERFACES, "| `dragoman_turn_seconds` | histogram",
     "| `dragoman_turn_seconds` | counter", "dragoman_turn_seconds is a histogram"),
    (interfaces.check_metrics, INTERFACES, "`dragoman_threads` | gauge",
     "`dragoman_thread` | gauge", "there is no metric dragoman_thread"),
    (interfaces.check_metrics, INTERFACES, "`direction`: in out", "`direction`: in",
     "values of dragoman_tokens_total's direction: out"),
    (interfaces.check_routes, "handlers/routes.c", ".methods = M_POST", ".methods = M_POST | M_PUT",
     "route PUT /chat is missing"),
    (interfaces.check_routes, MACHINE, "  /ready:\n    get:", "  /ready:\n    post:",
     "there is no route POST /ready"),
    (interfaces.check_routes, INTERFACES, "| `GET /health` | everybody", "| `GET /health` | you",
     "GET /health is for: everybody"),
    (interfaces.check_routes, MACHINE, "      summary: Could a", "      security: [{ proxySecret: [] }]\n      summary: Could a",
     "GET /ready: its security"),
    (interfaces.check_statuses, MACHINE, "        '411':", "        '412':",
     "POST /chat answers no 412"),
    (interfaces.check_statuses, "handlers/chat_refusal.c", ".status = 410", ".status = 418",
     "GET /chat/{chat_id}/messages/{message_id} may answer 418"),
    (interfaces.check_statuses, INTERFACES, "\n| 408 | ", "\n| 407 | ", "status 408 is in no row"),
    (interfaces.check_shown, MACHINE, "away_ms:", "gone_ms:", "shows away_ms, too"),
    (interfaces.check_shown, INTERFACES, '"left_out": 0, ', '"left": 0, ',
     "neither /health nor /ready shows left"),
    (pages.check_sentences, TROUBLE, '"This token was not accepted."', '"This token is wrong."',
     "nobody says: This token is wrong."),
    (pages.check_sentences, TROUBLE, "`these programs are missing:`", "`programs are missing here:`",
     "nobody says: programs are missing here"),
    (pages.check_sentences, INTERFACES, "`Content-Length is needed`", "`a length is needed`",
     "nobody says: a length is needed"),
    (pages.check_names, TROUBLE, "`tool_hidden`: more", "`tool_lost`: more", "no program says tool_lost"),
    (pages.check_names, "docs/OPERATIONS.md", "dragoman_queue_age_seconds", "dragoman_queue_age",
     "there is no metric dragoman_queue_age"),
    (pages.check_names, "docs/OPERATIONS.md", 'kind=~"denied|quota', 'kind=~"denied|credit',
     'dragoman_model_errors_total has no kind="credit"'),
    (pages.check_paths, "docs/SECURITY.md", "`base/hide.c`", "`base/hidden.c`",
     "there is no base/hidden.c"),
    (pages.check_files, "docs/DESIGN.md", "`take.c` |", "`taken.c` |", "work/take.c is in no row"),
    (settings.check_keys, "cli/init.c", "#memcp_url:", "#memcp_urls:",
     "dragoman.yaml sets chat.memcp_urls"),
    (pages.check_cases, "docs/COMPATIBILITY.md", "`value-temperature` |", "`value-heat` |",
     "there is no case value-heat"),
    (pages.check_folders, "README.md", "| `work/` |", "| `works/` |", "folder work/ is missing"),
    (pages.check_identifiers, "docs/DESIGN.md", "`policy_of` (", "`policy_for` (",
     "no code has policy_for"),
    (pages.check_anchors, TROUBLE, "(#messages-are-missing)", "(#messages-are-gone)",
     "#messages-are-gone: there is no such heading"),
    (pages.check_pages, "docs/SECURITY.md", "[OPERATIONS.md](OPERATIONS.md)",
     "[OPERATIONS.md](OPERATE.md)", "names OPERATE.md, which is not installed"),
    (commands.check_asked, "cli/models.c", '"--forget"', '"--drop"', "--drop is told of nowhere"),
    (commands.check_manual, "cli/dragoman.1", ".B keys list\n", ".B keys lists\n",
     "there is no command: keys lists"),
    (commands.check_manual, "cli/dragoman.1", "\\-\\-dry\\-run", "\\-\\-dry", "there is no option --dry"),
    (commands.check_completion, "cli/completion/dragoman", '"--max --text"', '"--max"',
     '"turns dead" has: --max --text'),
    (commands.check_completion, "cli/commands.c", '"prefix move"', '"prefix rename"',
     '"prefix " has: rename'),
    (commands.check_scripts, "deploy/quickstart", "  --logs  ", "  --log  ",
     "--help does not tell of --logs"),
    (commands.check_scripts, "deploy/quickstart", "--exec --remove --help'", "--exec --help'",
     "OPTIONS has not all"),
    (commands.check_calls, "README.md", "`dragoman config check`", "`dragoman config test`",
     "there is no command: dragoman config test"),
    (commands.check_calls, "docs/OPERATIONS.md", "dragoman turns dead --text", "dragoman turns dead --texts",
     "dragoman turns dead has no --texts"),
    (commands.check_calls, "README.md", "deploy/quickstart --detach ", "deploy/quickstart --daemon ",
     "deploy/quickstart has no --daemon"),
    (commands.check_calls, "nginx/README.md", "generate --site >", "generate --plain >",
     "nginx/generate has no --plain"),
    (commands.check_tests, "README.md", "tests/run 03-stream", "tests/run 03-streams",
     "there is no tests/run 03-streams"),
    (commands.check_exits, "cli/cli.h", "CLI_UNREACHED = 3", "CLI_UNREACHED = 4",
     "docs/INTERFACES.md: dragoman exits with 0 1 2 4"),
    (commands.check_exits, "cli/dragoman.1", ".B 130", ".B 131", "exit codes are 0 1 2 3 130"),
    (commands.check_exits, "deploy/pid_file.c", "exit(3)", "exit(1)",
     "dragoman-supervise exits with 0 1 2"),
    (commands.check_workers, INTERFACES, "`--env-file FILE`, `--help`", "`--help`", "edges take"),
]


def main():
    for rule, path, was, becomes, says in CASES:
        name = f"{rule.__module__}.{rule.__name__}: {path}"
        if was not in stored(path):
            print(f"{name}: \"{was}\" is not there any more")
            continue
        CHANGED[path] = stored(path).replace(was, becomes)
        out = io.StringIO()
        try:
            with contextlib.redirect_stdout(out):
                rule()
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            print(f"{name}: {error!r}")
        if says not in out.getvalue():
            print(f"{name}: with \"{becomes}\" it does not say: {says}")
        CHANGED.clear()


main()
