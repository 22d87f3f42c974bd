"""
Redis's keys: what the tables of redis/README.md list, what redis/ writes, what
`dragoman prefix move` takes along (FRONTS of redis/prefix.c) and what doctor
looks at (redis/damage.c) are the same, and forget reaches those of a chat.
Prints what is not.
"""
import glob
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
fleet = [r for r in rows(readme, "The fleet") if r[1] != "channel"]
if not (chats and partitions and fleet):
    print("redis/README.md: no tables of keys are found in it")

private = read("redis/store_priv.h")
macros = dict(re.findall(r'^#define (KEY_\w+) "([^"]*)"', private, flags=re.M))


def strings(text):
    """The strings of a C table, its macros among them."""
    found = re.findall(r'"([^"]*)"|\b(KEY_\w+)\b', text)
    return [s if s else macros.get(m, m) for s, m in found]


fronts = strings(table(read("redis/prefix.c"), "FRONTS"))
for key, _ in chats + partitions + fleet:
    if not any(key.startswith(front) for front in fronts):
        print(f"redis/prefix.c: FRONTS has nothing that `{key}` begins with: "
              "prefix move would leave it behind")
listed = [key for key, _ in chats + partitions + fleet]
for front in fronts:
    if not any(key.startswith(front) for key in listed):
        print(f"redis/prefix.c: FRONTS has \"{front}\", and no key of "
              "redis/README.md begins with it")

# What is written, as far as its name stands in the code.
NEVER = {"asleep"}  # due.c waits for it, so that nothing comes
for path in sorted(glob.glob("redis/*.c")):
    text = read(path)
    for noun in re.findall(
            r'batch_(?:chat|partition|item)_key\([^;"]*"([a-z_]+)"', text):
        if noun not in NEVER and not any(
                key.startswith("{pN}:" + noun) for key in listed):
            print(f"{path}: `{{pN}}:{noun}` is not in redis/README.md")
for name, key in macros.items():
    begin = re.split(r"%", key)[0]
    if not any(listed_key.startswith(begin) for listed_key in listed):
        print(f"redis/store_priv.h: {name}, \"{key}\", is not in "
              "redis/README.md")

# forget reaches every key of a chat.
forgotten = strings(table(read("redis/chats.c"), "NOUNS"))
forgotten += re.findall(r"'([a-z]+):'", read("redis/lua/forget.lua"))
for key, _ in chats:
    if key.split(":")[1] not in forgotten:
        print(f"redis/chats.c, redis/lua/forget.lua: forget leaves `{key}`")

damage = read("redis/damage.c")
for name, want in [
        ("PARTITION_KEYS", {(k.split(":")[1], t) for k, t in partitions}),
        # The others' names are known to those alone that use them.
        ("FLEET_KEYS", {(k, t) for k, t in fleet
                        if not re.search(r"[A-Z]", k)})]:
    have = strings(table(damage, name))
    have = set(zip(have[::2], have[1::2]))
    for key, kind in sorted(want - have):
        print(f"redis/damage.c: {name} lacks {key}, a {kind}, of "
              "redis/README.md")
    for key, kind in sorted(have - want):
        print(f"redis/README.md: lacks {key}, a {kind}, of redis/damage.c")
