"""What the rules in python share: files, parts of them, what documents quote."""
import functools
import glob
import re

CHANGED = {}  # path -> text in its place: broken.py tries what a rule says then


@functools.lru_cache(maxsize=None)
def stored(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def read(path):
    return CHANGED[path] if path in CHANGED else stored(path)


def folders():
    """Those of the product's source, lowest rank first."""
    return [line.split()[1] for line in stored("tests/lint/folders").splitlines()
            if line[0].isdigit()]


def sources():
    """(path, text) of each .c of the library and its programs."""
    for folder in folders():
        if folder == "deploy":  # the supervisor uses nothing of the library
            continue
        for path in sorted(glob.glob(folder + "/*.c")):
            yield path, read(path)


def section(doc, title):
    return re.split(r"\n## ", doc.split("\n## " + title + "\n", 1)[1])[0]


def rows(text):
    """The cells of each row of the tables in ${text}; `|` is none of theirs."""
    for line in text.splitlines():
        if line.startswith("|") and not line.startswith("|--"):
            yield [cell.strip() for cell in line.strip().strip("|").split("|")]


def call_end(text, at):
    """Where the bracket that was opened before ${at} is closed."""
    depth, quoted = 1, False
    while depth > 0:
        c = text[at]
        if quoted:
            if c == "\\":
                at += 1
            elif c == '"':
                quoted = False
        elif c == '"':
            quoted = True
        elif c in "({[":
            depth += 1
        elif c in ")}]":
            depth -= 1
        at += 1
    return at


def split(text):
    """What stands between the commas of C."""
    found, at, begin = [], 0, 0
    while at < len(text):
        if text[at] == '"':
            at = re.compile(r'"(?:[^"\\]|\\.)*"').match(text, at).end()
            continue
        if text[at] in "({[":
            at = call_end(text, at + 1)
            continue
        if text[at] == ",":
            found.append(text[begin:at])
            begin = at + 1
        at += 1
    found.append(text[begin:])
    return [part.strip() for part in found if part.strip()]


def parts(text):
    """The same of a row; strings that follow each other are one."""
    return [re.sub(r"\s*\n\s*", " ", re.sub(r'(?<=.)"\s*"(?=.)', "", part))
            for part in split(text)]


def literals(text):
    """The strings of a C text, a line each; those that follow each other are one."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    one = r'"(?:[^"\\\n]|\\.)*"'
    return "\n".join(re.sub(r'"\s*"', "", found) for found in
                     re.findall(rf"{one}(?:\s*{one})*", text))


def string(part):
    """The text of a C string; None for NULL."""
    return None if part == "NULL" else re.sub(r"\\(.)", r"\1", part[1:-1])


def table(text, name):
    """The rows of the C table ${name}, as parts; [NAME] = is the first."""
    begin = re.search(rf"\b{name}\[\w*\]\s*= \{{", text).end()
    body = text[begin:call_end(text, begin) - 1]
    body = re.sub(r"/\*.*?\*/", "", body, flags=re.S)
    found = []
    for part in split(body):
        named, row = re.fullmatch(r"(?:\[(\w+)\] = )?\{(.*)\}", part, re.S).groups()
        found.append(([named] if named else []) + parts(row))
    return found


def documents():
    """(path, text) of what people read."""
    for path in (["README.md", "env.example", "cli/dragoman.1"]
                 + sorted(glob.glob("docs/*.md")) + ["docs/openapi.yaml"]
                 + ["deploy/README.md", "nginx/README.md", "redis/README.md"]):
        text = read(path)
        if path.endswith(".1"):
            text = re.sub(r"\\f.|\\&", "", text).replace("\\-", "-")
        yield path, text


def quoted(text):
    """What a page shows as code: lines of blocks, and words in backticks."""
    blocks = re.findall(r"^ *```\w*\n(.*?)^ *```", text, re.M | re.S)
    for block in blocks:
        yield from re.sub(r"\\\n\s*", "", block).splitlines()
    text = re.sub(r"^ *```\w*\n.*?^ *```", "", text, flags=re.M | re.S)
    yield from re.findall(r"`([^`\n]+)`", text)
