#!/usr/bin/env python3
"""
The names of settings: rows of nouns/settings.c, docs/SETTINGS.md, env.example,
and wherever a document, a unit or a message of ours names one.  Prints what
differs.
"""
import glob
import re

from texts import documents, literals, read, rows, sources, string, table

# Variables that are no settings, and who reads them.
OTHERS = {
    "AZURE_OPENAI_KEY": "an example of ${NAME}",
    "AZURE_KEY_EU": "an example of ${NAME}",
    "SEARCH_TOKEN": "an example of ${NAME}",
    "CHAT_HSOT": "an example of a misspelt name",
    "LLM_BASE_ULR": "an example of a misspelt name",
    "OLLAMA_KEEP_ALIVE": "ollama",
    "CREDENTIALS_DIRECTORY": "base/config_env.c",
    "CONFIG_PATH": "nouns/settings_load.c",
    "DRAGOMAN_CONFIG": "nouns/settings_load.c",
    "DRAGOMAN_EVERY_BYTE": "tests/unit/test_recorded.c",
    "DRAGOMAN_HISTORY": "cli/chat.c",
    "DRAGOMAN_KEY": "cli/wire_open.c",
    "DRAGOMAN_QUICKSTART": "cli/started.c",
    "DRAGOMAN_RECORDED": "tests/wild/recorded.test.mjs",
    "DRAGOMAN_STATE": "cli/started.c",
    "DRAGOMAN_URL": "cli/cli.c",
    "GATEWAY_INTERFACE": "fcgi/main.c",
    "LISTEN_FDNAMES": "base/inherit.c",
    "MCP_HOST": "deploy/quickstart.d/port.sh",
    "NO_COLOR": "cli/main.c",
    "NOTIFY_SOCKET": "base/notify.c",
    "QUICKSTART_WAIT": "deploy/quickstart.d/start.sh",
    "XDG_STATE_HOME": "cli/history.c",
}
# Other words in capital letters: the system's, names that are told not to be
# read, places to fill in, and what the quickstart says to itself.
WORDS = set("AF_UNIX SCHED_BATCH REALIP_REMOTE_ADDR LC_ALL LC_CTYPE "
            "HTTP_PROXY HTTP_CA_FILE ITS_ADDRESS UNTIL_MS "
            "QUICKSTART_BACK YOUR_KEY".split())
UNITS = {"MS": 1, "SECOND": 1000, "MINUTE": 60000, "HOUR": 3600000,
         "DAY": 86400000, "RATE_MAX": 1e9, "TOKENS_MAX": 1e15}


class Row:
    def __init__(self, cells):
        (self.key, self.type, _, self.default, self.min, self.max, self.more,
         self.words, self.help, self.flags) = (
             string(c) if c.startswith('"') or c == "NULL" else c
             for c in cells[:10])
        self.hidden = "CONFIG_HIDDEN" in self.flags
        self.names = [] if "CONFIG_NO_ENV" in self.flags else [
            self.key.upper().replace(".", "_")]
        self.names += (self.more or "").split()

    def limit(self, text):
        number = eval(text, {}, UNITS)
        if self.type == "CONFIG_SPAN":
            if number == 0:
                return "0"
            for unit, ms in (("d", "DAY"), ("h", "HOUR"), ("m", "MINUTE"),
                             ("s", "SECOND"), ("ms", "MS")):
                if number % UNITS[ms] == 0:
                    return f"{number // UNITS[ms]:.0f}{unit}"
        if self.type == "CONFIG_SIZE":
            for unit, n in (("m", 1024 * 1024), ("k", 1024)):
                if number % n == 0:
                    return f"{number // n:.0f}{unit}"
        return f"{number:.0f}"

    def bounds(self):
        """What the documents say of its limits; "" where it has none."""
        if self.type not in ("CONFIG_INT", "CONFIG_REAL", "CONFIG_SPAN",
                             "CONFIG_SIZE"):
            return ""
        return f"from {self.limit(self.min)} to {self.limit(self.max)}"


def settings():
    return [Row(cells) for cells in table(read("nouns/settings.c"), "SETTINGS")]


def members():
    """{the nested setting: its members}, a secret's with its file."""
    found = {}
    text = read("nouns/settings_members.c")
    for key, name in (("llm.backends", "BACKEND_MEMBERS"),
                      ("mcp.servers", "SERVER_MEMBERS")):
        found[key] = set()
        for cells in table(text, name):
            found[key].add(string(cells[0]))
            if cells[1] == "CONFIG_SECRET":
                found[key].add(string(cells[0]) + "_file")
    return found


def check_page():
    """docs/SETTINGS.md: a row for each setting, and none for what is none."""
    ours = {row.key: row for row in settings() if not row.hidden}
    told = {}
    doc = read("docs/SETTINGS.md")
    for cells in rows(doc):
        if len(cells) == 5 and re.fullmatch(r"`[a-z_.]+`", cells[0]):
            told[cells[0].strip("`")] = cells
    for key in sorted(set(ours) - set(told)):
        print(f"docs/SETTINGS.md: setting {key} is missing")
    for key in sorted(set(told) - set(ours)):
        print(f"docs/SETTINGS.md: there is no setting {key}")
    for key in sorted(set(ours) & set(told)):
        row, (_, names, takes, default, what) = ours[key], told[key]
        for ours_is, says, of in (
                (row.names, re.findall(r"`([^`]+)`", names), "variables"),
                (row.default or "", default.strip("`"), "default"),
                (row.help, what, "help")):
            if ours_is != says:
                print(f"docs/SETTINGS.md: {key}: the {of} is not: {says}")
        if row.bounds() and not takes.endswith(row.bounds()):
            print(f"docs/SETTINGS.md: {key}: takes {row.bounds()}")


def check_credentials():
    """Which settings may be a file of systemd's: secrets, and those told."""
    ours = sorted(row.key for row in settings() if "CONFIG_PRIVATE" in row.flags)
    doc = read("docs/SETTINGS.md")
    line = re.search(r"systemd's credentials: .*for secrets, (.*)", doc)
    told = sorted(re.findall(r"`([a-z_.]+)`", line[1]))
    if told != ours:
        print(f"docs/SETTINGS.md: credentials are of {' '.join(ours)}, too")


def check_example():
    """env.example: the same of its lines and the words before them."""
    ours = [row for row in settings() if not row.hidden]
    known = {name: row for row in ours for name in row.names}
    known.update({row.names[0] + "_FILE": row for row in ours
                  if row.type == "CONFIG_SECRET"})
    told = set()
    for block in re.split(r"\n\n", read("env.example")):
        names = re.findall(r"^#(\w+)=(.*)$", block, re.M)
        words = " ".join(re.findall(r"^# (.*)$", block, re.M))
        for name, value in names:
            told.add(name)
            if name in OTHERS:
                continue
            if name not in known:
                print(f"env.example: there is no setting {name}")
                continue
            row = known[name]
            if not words.startswith(row.help):
                print(f"env.example: {name}: says not: {row.help}")
            if row.bounds() and row.bounds() not in words:
                print(f"env.example: {name}: takes {row.bounds()}")
            if name == row.names[0] and value != (row.default or ""):
                print(f"env.example: {name}: its default is {row.default}")
    for name in sorted(set(known) - told):
        print(f"env.example: {name} is missing")


def check_members():
    """Members of nested settings: rows of *_MEMBERS, tables of SETTINGS.md."""
    code = set().union(*members().values())
    told = set()
    for part in re.split(r"\n\| member \| [^\n]*\n", read("docs/SETTINGS.md"))[1:]:
        told |= set(re.findall(r"^\| `(\w+)` \|", part.split("\n\n")[0], re.M))
    for key in sorted(code - told):
        print(f"docs/SETTINGS.md: member {key} is in no table")
    for key in sorted(told - code):
        print(f"docs/SETTINGS.md: no record has a member {key}")


def foreign():
    """Names of other programs, which we know and do not read."""
    text = read("nouns/settings_names.c")
    return {string(cells[0]) for cells in table(text, "SETTINGS_FOREIGN")
            if cells[0].startswith('"')}


def check_variables():
    """Each variable that a document, a unit or a script names is read."""
    known = {name for row in settings() for name in row.names}
    known |= {name + "_FILE" for name in known}
    known |= foreign() | set(OTHERS) | WORDS
    code = "\n".join(re.sub(r'"(?:[^"\\\n]|\\.)*"', '""', text)
                     for _, text in sources())
    code = set(re.findall(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b", code))
    for path, text in documents():
        for name in sorted(set(re.findall(
                r"(?<![\w.-])[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?![\w*…])", text))):
            if name not in known and name not in code and \
                    not name.startswith("NAME"):
                print(f"{path}: nothing reads a variable {name}")
    begins = {name.split("_")[0] for row in settings() for name in row.names}
    begins = "|".join(sorted(begins | {"DRAGOMAN", "QUICKSTART"}))
    for path in sorted(glob.glob("deploy/systemd/*")
                       + glob.glob("deploy/quickstart.d/*.sh")
                       + ["deploy/quickstart", "cli/completion/dragoman"]):
        for name in sorted(set(re.findall(
                rf"(?<![\w.-])(?:{begins})_[A-Z0-9_]+\b", read(path)))):
            if name not in known:
                print(f"{path}: nothing reads a variable {name}")
    for name, path in OTHERS.items():
        if "/" in path and name not in read(path):
            print(f"tests/lint/settings.py: {path} does not read {name}")
    told = "\n".join(text for _, text in documents())
    for name in OTHERS:
        if not re.search(rf"\b{name}\b", told):
            print(f"tests/lint/settings.py: no document names {name}")


def check_keys():
    """Each key.of.a.setting that a document or a message names exists."""
    ours = {row.key for row in settings()}
    ours |= {row.key + "_file" for row in settings()
             if row.type == "CONFIG_SECRET" or "CONFIG_PRIVATE" in row.flags}
    fronts = {key.rsplit(".", 1)[0] for key in ours if key.count(".") > 1}
    sections = "|".join(sorted({key.split(".")[0] for key in ours if "." in key}))
    word = re.compile(rf"(?<![\w./@{{*-])(?:{sections})\.[a-z][a-z_.]*[a-z](?![\w(/-])")
    texts = list(documents()) + [(path, literals(text))
                                 for path, text in sources()]
    for path, text in texts:
        for key in sorted(set(word.findall(text))):
            if key in ours or key in fronts or re.search(
                    r"\.(c|h|conf|sock|err|org|log)$", key):
                continue
            print(f"{path}: there is no setting {key}")
        for block in re.findall(r"^ *```yaml\n(.*?)^ *```", text, re.M | re.S):
            for key in sorted(yaml_keys(block) - ours - fronts):
                print(f"{path}: its YAML sets {key}, which is no setting")
    # What `dragoman init` writes, with what is commented out there.
    made = literals(read("cli/init.c")).replace("\\n", "\n").replace("#", "")
    for key in sorted(yaml_keys(made) - ours - fronts):
        print(f"cli/init.c: dragoman.yaml sets {key}, which is no setting")


def yaml_keys(block):
    """The keys in a piece of dragoman.yaml, those of a record's members too."""
    found, path, records = set(), [], members()
    for line in block.splitlines():
        m = re.match(r"( *)([\w-]+):(.*)", line)
        if not m:
            continue
        depth = len(m[1])
        path = [p for p in path if p[0] < depth] + [(depth, m[2])]
        names = [p[1] for p in path]
        if names[0] not in ("chat", "llm", "server", "redis", "turns", "budget",
                            "mcp", "http", "log"):
            continue
        key = ".".join(names[:2])
        if key in records:
            if len(names) == 4 and names[3] not in records[key]:
                found.add(".".join(names))
        elif key != "llm.headers" and len(names) > 1:
            found.add(".".join(names))
    return found


CHECKS = (check_page, check_credentials, check_example, check_members, check_variables, check_keys)

if __name__ == "__main__":
    for check in CHECKS:
        check()
