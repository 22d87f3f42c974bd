#!/usr/bin/env python3
"""Names and texts in the code against those in docs/: prints what differs."""
import glob
import re

FOLDERS = "base nouns redis llm platform mcp children tools fcgi work program chat handlers cli"


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def sources():
    for folder in FOLDERS.split():
        for path in sorted(glob.glob(folder + "/*.c")):
            yield path, read(path)


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
        elif c in "()":
            depth += 1 if c == "(" else -1
        at += 1
    return at


def events():
    """{event: {fields}} of all log_event() calls; report() names events too."""
    found = {}
    for _, text in sources():
        for m in re.finditer(r"\blog_event\(", text):
            call = text[m.end():call_end(text, m.end())]
            head = call.split("F_", 1)[0]
            fields = set(re.findall(r'F_[A-Z]+\(\s*"(\w+)"', call))
            if "F_CHAT(" in call:
                fields.add("chat")
            for name in re.findall(r'"([a-z]+(?:_[a-z]+)+)"', head):
                found.setdefault(name, set()).update(fields)
        for name in re.findall(
                r'\b(?:report|log_lines)\(LOG_\w+,\s*"(\w+)"', text):
            found.setdefault(name, set()).add("what")
    return found


def check_remedies():
    """Who reads an error wants to know what to do."""
    for path, text in sources():
        macros = re.findall(r"^#define (\w+) (?:.*\\\n)*.*\"remedy\"", text, re.M)
        for m in re.finditer(r"\blog_event\(\s*LOG_ERROR", text):
            call = text[m.end():call_end(text, m.end())]
            if '"remedy"' not in call and not any(
                    re.search(rf"\b{name}\b", call) for name in macros):
                line = text.count("\n", 0, m.start()) + 1
                print(f"{path}:{line}: an error without a remedy")


def documented_events(section):
    """The same of the tables: `event` in the first cell, fields in the third."""
    found = {}
    for line in section.splitlines():
        cells = line.split("|")
        if len(cells) < 5:
            continue
        for name in re.findall(r"`(\w+)`", cells[1]):
            found[name] = set(re.findall(r"`(\w+)`", cells[3]))
    return found


def section(doc, title):
    return re.split(r"\n## ", doc.split("\n## " + title + "\n", 1)[1])[0]


def check_events(doc):
    code, told = events(), documented_events(section(doc, "Log"))
    for name in sorted(set(code) - set(told)):
        print(f"docs/INTERFACES.md: log event {name} is missing")
    for name in sorted(set(told) - set(code)):
        print(f"docs/INTERFACES.md: no program logs {name}")
    for name in sorted(set(code) & set(told)):
        for field in sorted(code[name] - told[name]):
            print(f"docs/INTERFACES.md: {name} has a field {field}, too")


def metric_labels(row):
    """{label: values} of a row of nouns/metric.c; "learned" for such values."""
    found = {}
    m = re.search(r'"(\w+)",\s*\{([^{}]*)\},\s*(?:NULL|"\w+") \}', row)
    if m:
        found[m[1]] = set(re.findall(r'"(\w+)"', m[2]))
    m = re.search(r'\},\s*"(\w+)" \}', row)
    if m:
        found[m[1]] = {"learned"}
    return found


def told_labels(cell):
    """The same of a row of docs/INTERFACES.md."""
    found = {}
    for part in re.sub(r"\([^)]*\)", "", cell).split(";"):
        m = re.match(r"\s*`(\w+)`(.*)", part)
        if m:
            found[m[1]] = set(re.findall(r"\w+", m[2]))
    return found


def check_metrics(doc):
    table = read("nouns/metric.c")
    told = section(doc, "Metrics")
    code = {}
    for row in re.split(r"\n\t\[METRIC_", table)[1:]:
        name = re.search(r'"(dragoman_\w+)"', row).group(1)
        code[name] = metric_labels(row)
    rows = {}
    for line in told.splitlines():
        m = re.match(r"\| `(dragoman_\w+)` \|[^|]*\|([^|]*)\|", line)
        if m:
            rows[m[1]] = told_labels(m[2])
    for name in sorted(set(rows) - set(code)):
        print(f"docs/INTERFACES.md: there is no metric {name}")
    for name, labels in code.items():
        if name not in rows:
            print(f"docs/INTERFACES.md: metric {name} is missing")
            continue
        for label in sorted(set(labels) | set(rows[name])):
            has, says = labels.get(label), rows[name].get(label)
            if has is None:
                print(f"docs/INTERFACES.md: {name} has no label {label}")
            elif says is None:
                print(f"docs/INTERFACES.md: {name} has a label {label}, too")
            elif has != says:
                print(f"docs/INTERFACES.md: values of {name}'s {label}: "
                      f"{' '.join(sorted(has ^ says))}")


def check_routes(doc):
    told, machine = section(doc, "HTTP"), read("docs/openapi.yaml")
    rows = re.findall(r'\.methods = ((?:M_\w+[ |]*)+),\s*\.pattern = "([^"]+)"',
                      read("handlers/routes.c"))
    if not rows:
        print("handlers/routes.c: no routes are found in it")
    for methods, path in rows:
        method = re.findall(r"M_(\w+)", methods)[0]
        if f"| `{method} {path}` |" not in told:
            print(f"docs/INTERFACES.md: route {method} {path} is missing")
        if f"\n  {path}:" not in machine:
            print(f"docs/openapi.yaml: route {method} {path} is missing")
    served = {path for _, path in rows}
    for path in re.findall(r"^\| `[A-Z]+ (/[^`]*)` \|", told, re.M):
        if path not in served:
            print(f"docs/INTERFACES.md: there is no route {path}")
    for path in re.findall(r"^  (/\S*):$", machine, re.M):
        if path not in served:
            print(f"docs/openapi.yaml: there is no route {path}")


def check_settings():
    told, example = read("docs/SETTINGS.md"), read("env.example")
    table = read("nouns/settings.c").split("SETTINGS[", 1)[1]
    for key, rest in re.findall(r'\n\t\{ "([a-z_.]+)",(.*?) \},(?=\n)', table,
                                re.S):
        if "CONFIG_HIDDEN" in rest:
            continue
        if f"| `{key}` |" not in told:
            print(f"docs/SETTINGS.md: setting {key} is missing")
        name = key.upper().replace(".", "_")
        if "CONFIG_NO_ENV" not in rest and name not in example:
            print(f"env.example: {name} is missing")


def check_members():
    """Members of nested settings: rows of *_MEMBERS, tables of SETTINGS.md."""
    told, code = set(), set()
    for table in re.split(r"\n\| member \| [^\n]*\n", read("docs/SETTINGS.md"))[1:]:
        told |= set(re.findall(r"^\| `(\w+)` \|", table.split("\n\n")[0], re.M))
    for path in glob.glob("nouns/settings*.c"):
        for table in re.findall(r"_MEMBERS\[\]\s*= \{(.*?)\n\};", read(path),
                                re.S):
            for key, kind in re.findall(r'\{ "(\w+)",\s*(\w+)', table):
                code.add(key)
                if kind == "CONFIG_SECRET":
                    code.add(key + "_file")
    for key in sorted(code - told):
        print(f"docs/SETTINGS.md: member {key} is in no table")
    for key in sorted(told - code):
        print(f"docs/SETTINGS.md: no record has a member {key}")


def check_sentences():
    """What docs/TROUBLESHOOTING.md quotes is what a program says."""
    said = ""
    for pattern in ("*/*.c", "nginx/*.conf", "deploy/quickstart",
                    "deploy/quickstart.d/*.sh"):
        for path in glob.glob(pattern):
            said += re.sub(r'"\s*\n\s*"', "", read(path))
    said = re.sub(r"\s+", " ", said)
    told = read("docs/TROUBLESHOOTING.md")
    quotes = re.findall(r'"([A-Z][^"\n]{9,})"', told)
    quotes += re.findall(r"50[0-9] `([^`\n]+)`", told)
    quotes += re.findall(r"^\| /ready 503 `([^`]+)`", told, re.M)
    for text in quotes:
        if text not in said:
            print(f"docs/TROUBLESHOOTING.md: nobody says: {text}")


def check_pages():
    """What an installed page points to is installed, where it points to."""
    makefile = read("Makefile.am").replace("\\\n", " ")
    pages = re.search(r"^dist_doc_DATA =(.*)$", makefile, re.M)[1].split()
    installed = [p.removeprefix("docs/") for p in pages]
    installed += re.findall(r"^dist_\w+doc_DATA = (\S+)$", makefile, re.M)
    for page in pages:
        if not page.endswith(".md"):
            continue
        told = read(page)
        named = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", told)
        named += re.findall(r"`((?:\w+/)*\w+\.md)`", told)
        for name in sorted(set(named)):
            if name not in installed:
                print(f"{page}: names {name}, which is not installed")


def main():
    doc = read("docs/INTERFACES.md")
    check_events(doc)
    check_remedies()
    check_metrics(doc)
    check_routes(doc)
    check_settings()
    check_members()
    check_sentences()
    check_pages()


main()
