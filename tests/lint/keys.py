"""
Redis's keys: what the tables of redis/README.md list, THE table (redis/keys.c),
what redis/ writes and what `dragoman prefix move` takes along (FRONTS of
redis/prefix.c) are the same, and forget reaches those of a chat.  Prints what
is not.
"""
import glob
import os
import re

TYPES = {"sorted set": "zset"}


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def rows(text, heading):
    """(key, type) of the table below ## heading."""
    part = re.split(r"^## ", text, flags=re.M)
    part = next(p for p in part if p.startswith(heading + "\n"))
    part = part[part.index("| key | type |"):].split("\n\n")[0]
    found = re.findall(r"^\| `([^`]+)` \| ([a-z ]+) \|", part, flags=re.M)
    return [(key, TYPES.get(kind, kind)) for key, kind in found]


def table(text, name):
    """What stands between the braces of the C table ${name}."""
    return re.search(name + r"\[\]\s*= \{(.*?)\};", text, flags=re.S).group(1)


readme = read("redis/README.md")
chats = rows(readme, "A chat")
partitions = rows(readme, "A partition")
tasks = rows(readme, "A task")
tenants = rows(readme, "A tenant") + rows(readme, "A legacy MCP session")
fleet = [r for r in rows(readme, "The fleet") if r[1] != "channel"]
if not (chats and partitions and tasks and tenants and fleet):
    print("redis/README.md: no tables of keys are found in it")

private = read("redis/store_priv.h")
macros = dict(re.findall(r'^#define (KEY_\w+) "([^"]*)"', private, flags=re.M))


def strings(text):
    """The strings of a C table, its macros among them."""
    found = re.findall(r'"([^"]*)"|\b(KEY_\w+)\b', text)
    return [s if s else macros.get(m, m) for s, m in found]


fronts = strings(table(read("redis/prefix.c"), "FRONTS"))
for key, _ in chats + partitions + tasks + tenants + fleet:
    if not any(key.startswith(front) for front in fronts):
        print(f"redis/prefix.c: FRONTS has nothing that `{key}` begins with: "
              "prefix move would leave it behind")
listed = [key for key, _ in chats + partitions + tasks + tenants + fleet]
for front in fronts:
    if not any(key.startswith(front) for key in listed):
        print(f"redis/prefix.c: FRONTS has \"{front}\", and no key of "
              "redis/README.md begins with it")

# What is written, as far as its name stands in the code.
for path in sorted(glob.glob("redis/*.c")):
    text = read(path)
    for noun in re.findall(
            r'batch_(?:chat|partition|item)_key\([^;"]*"([a-z_]+)"', text):
        if not any(
                key.startswith("{pN}:" + noun) for key in listed):
            print(f"{path}: `{{pN}}:{noun}` is not in redis/README.md")
    for noun in re.findall(r'tenant_key\([^;"]*"([a-z_]+)"', text):
        if not any(key.startswith("{tenant:T}:" + noun) for key in listed):
            print(f"{path}: `{{tenant:T}}:{noun}` is not in redis/README.md")
for name, key in macros.items():
    begin = re.split(r"%", key)[0]
    if not any(listed_key.startswith(begin) for listed_key in listed):
        print(f"redis/store_priv.h: {name}, \"{key}\", is not in "
              "redis/README.md")

# THE table: pattern, type, owner, life and whether it is sealed.
SCOPES = {
    "SCOPE_CHAT": r"\{pN\}:([a-z]+):NAME",
    "SCOPE_MESSAGE": r"\{pN\}:([a-z]+):ID",
    "SCOPE_DAY": r"\{pN\}:([a-z]+):DAY:NAME",
    "SCOPE_ASIDE": r"\{pN\}:([a-z]+):KEY",
    "SCOPE_TASK": r"\{pN\}:([a-z]+):KEY/ID",
    "SCOPE_WHO": r"\{pN\}:([a-z]+):WHO",
    "SCOPE_PARTITION": r"\{pN\}:([a-z]+(?::[a-z]+)?)",
    "SCOPE_TENANT": r"\{tenant:T\}:([a-z]+)",
    "SCOPE_OF_TENANT": r"\{tenant:T\}:([a-z]+):[A-Z]+",
    "SCOPE_FLEET": r"([^A-Z]+)",
    "SCOPE_EACH": r"(?!\{(?:pN|tenant:T)\})(.*[A-Z].*)",
}
source = re.search(r"KEY_TABLE\[KEYS_N\] = \{(.*?)\n\};",
                   read("redis/keys.c"), flags=re.S).group(1)
source = re.sub(r"/\*.*?\*/", "", source, flags=re.S)
source = re.sub(r"\bKEY_\w+\b", lambda m: '"%s"' % macros[m.group()], source)
source = re.sub(r'"\s+"', "", source)
coded = {}
for row in re.findall(
        r'\{ "([^"]*)",\s+("[a-z:]+"|NULL),\s+(SCOPE_\w+),\s+"([a-z]+)",'
        r'\s+"([^"]*)",\s+(LIFE_\w+),\s+(true|false),\s+WHOSE_\w+ \}',
        source):
    pattern, noun, scope, kind, owner, life, sealed = row
    coded[pattern] = (kind, owner, life == "LIFE_EVER", sealed == "true")
    found = re.fullmatch(SCOPES[scope], pattern)
    if not found or (noun != "NULL") != pattern.startswith(("{pN}", "{tenant:T}")) or \
            (noun != "NULL" and noun != '"%s"' % found.group(1)):
        print(f"redis/keys.c: {pattern}: its noun or scope is another one")

described = {}
for line in re.findall(r"^\| `[^`]+` \| [a-z ]+ \|.*\|$", readme, flags=re.M):
    cells = [c.strip() for c in line.strip("| ").split(" | ")]
    if len(cells) != 6:
        continue
    key, kind, owner, what, life = cells[:5]
    key = key.strip("`")
    if kind == "channel" or key not in listed:
        continue
    described[key] = (TYPES.get(kind, kind), owner, life.startswith("for ever"),
                      re.search(r"\bsealed\b", what) is not None)
for key in sorted(set(described) - set(coded)):
    print(f"redis/keys.c: KEY_TABLE lacks {key} of redis/README.md")
for key in sorted(set(coded) - set(described)):
    print(f"redis/README.md: lacks {key} of redis/keys.c")
for key in sorted(set(coded) & set(described)):
    for what, ours, theirs in zip(
            ("type", "owner", "life for ever", "sealed"),
            coded[key], described[key]):
        if ours != theirs:
            print(f"redis/README.md: {key}: {what} is {theirs}, and {ours} in "
                  "redis/keys.c")

# forget reaches every key of a chat.
forgotten = strings(table(read("redis/chats_forget.c"), "NOUNS"))
for path in "redis/lua/forget.lua", "redis/lua/common.lua":
    forgotten += re.findall(r"'([a-z]+):'", read(path))
for key, _ in chats:
    if key.split(":")[1] not in forgotten:
        print(f"redis/chats_forget.c, redis/lua/forget.lua: forget leaves `{key}`")

# What is sealed is bound to a noun; docs/SECURITY.md lists them.
told = re.search(r"the noun \(([^)]*)\)", read("docs/SECURITY.md"))[1]
told = set(re.findall(r"`([a-z_]+)`", told))
texts = "".join(read(path) for path in sorted(glob.glob("redis/*.c")))
bound = set(re.findall(r'\brecord_(?:open|seal)\([^"();]*"([a-z]+)"', texts))
for noun in sorted(bound - told):
    print(f"docs/SECURITY.md: what is sealed may be a `{noun}`, too")
for noun in sorted(told - bound):
    if f'"{noun}"' not in texts:
        print(f"docs/SECURITY.md: nothing is sealed as `{noun}`")

def fields(of):
    """Those of the table that follows ${of}."""
    part = readme[readme.index(of):]
    part = part[part.index("| field | what | there |"):].split("\n\n")[0]
    return set(re.findall(r"`([a-z]+)`", " ".join(
        line.split("|")[1] for line in part.splitlines()[2:])))


# The fields of an API key's record: what access asks for, and the table.
told = fields("Fields of `{tenant:T}:key:ID`")
asked = re.search(r"\brecord\((.*?)\)", read("redis/lua/access.lua"), re.S)[1]
if set(re.findall(r"'([a-z]+)'", asked)) != told:
    print("redis/README.md: the fields of an API key's record are others in "
          "redis/lua/access.lua")

# The fields of a chat's record: those that scripts name, and the table.  Other
# scripts have other records.
OTHERS = {"access.lua", "breaker.lua", "key_end.lua", "key_put.lua",
          "once.lua", "once_end.lua",
          "mcps_end.lua", "mcps_open.lua", "mcps_say.lua", "raise.lua"} | {
    os.path.basename(p) for p in glob.glob("redis/lua/*task*.lua")}
told = fields("Fields of `{pN}:chat:NAME`")
named, words = set(), set()
for path in sorted(glob.glob("redis/lua/*.lua")):
    text = re.sub(r"--.*", "", read(path))
    words |= set(re.findall(r"'([a-z]+)'", text))
    if os.path.basename(path) in OTHERS:
        continue
    for call in re.findall(
            r"\brecord\(([^()]*(?:\([^()]*\)[^()]*)*)\)"
            r"|'H(?:SET|DEL)', (?:chat|KEYS\[1\]),([^()]*)", text):
        named |= set(re.findall(r"'([a-z]+)'", " ".join(call)))
for field in sorted(named - told):
    print(f"redis/README.md: a chat's record has a field {field}, too")
for field in sorted(told - words):
    print(f"redis/README.md: no script knows a field {field}")

# A cluster looks inside a script that begins so: all its keys are of one slot
# (tests/unit/test_slots.sh runs them on one).
for path in sorted(glob.glob("redis/lua/*.lua")):
    first = read(path).split("\n")[0]
    if re.search(r"/(common|part_\w+)\.lua$", path):
        continue
    if not first.startswith("#!lua") or "cross-slot" in first:
        print(f"{path}: its first line lets it touch keys of several slots")
