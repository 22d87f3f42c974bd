#!/usr/bin/env python3
"""
Pages: what they quote is said, what they name exists, what they point to is
installed, and the tables of files have a row for each file.  Prints what is
not so.
"""
import errno
import glob
import os
import re

from interfaces import metrics
from settings import settings
from texts import documents, folders, literals, quoted, read, rows, sources


# Where a sentence is put together: names, numbers, a cause, what is quoted.
JOINTS = r"\b[A-Z_]+\b|\b\d+\b|[…<>?()\"]|: |'s |\bnginx\b| failed$"
COMPOSED = { # in more ways than that: the pieces
    "cannot connect to the proxy": ("cannot connect%s: %s", " to the proxy"),
    "cut before an answer: the server ended the connection":
        ("cut %s: ", "before an answer", "the server ended the connection"),
    "… use the prefix \"dragoman:\", this configuration has no prefix":
        ("edges use %s, this configuration has %s", "the prefix ", "no prefix"),
}
# The systems' and others' words.
OTHERS_SAY = ["control process exited with error code"] + [
    os.strerror(number) for number in errno.errorcode]


def check_sentences():
    """What docs/TROUBLESHOOTING.md and the statuses quote is what a program says."""
    said = ""
    for pattern in ("*/*.c", "redis/lua/*.lua", "nginx/*.conf", "nginx/generate",
                    "deploy/quickstart", "deploy/quickstart.d/*.sh"):
        for path in sorted(glob.glob(pattern)):
            said += re.sub(r'"\s*(?:\\\n\s*)?"', "", read(path))
    said = re.sub(r"\s+", " ", said)
    page = "docs/TROUBLESHOOTING.md"
    told = read(page)
    quotes = [(page, text) for text in re.findall(r'"([A-Z][^"\n]{9,})"', told)]
    for cells in rows(told):
        quotes += [(page, text) for text in
                   re.findall(r"`([^`]+)`", cells[0])
                   + re.findall(r'"([^"]+ [^"]+)"', cells[0])]
    for cells in rows(read("docs/INTERFACES.md")): # what a status comes with
        if re.match(r"[45]\d\d", cells[0]):
            quotes += [("docs/INTERFACES.md", text)
                       for text in re.findall(r"`([^`]+)`", cells[1])]
    for page, text in quotes:
        if " " not in text:
            continue
        pieces = COMPOSED.get(text) or [
            part.strip() for part in re.split(JOINTS, text)]
        for part in pieces:
            if len(part) > 3 and part not in said and part not in OTHERS_SAY:
                print(f"{page}: nobody says: {text}")
                break


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


# Redis's words and nginx's, which no program of ours says.
NAMES = {"aof_rewrite_in_progress", "client_max_body_size"}
# Files that will be; a method of MCP that looks like one.
NO_FILES = {"handlers/mcp.c", "redis/cluster.c", "redis/sentinel.c", "tools/list"}


def check_names():
    """Log events and metrics that a page names exist."""
    labels, _ = metrics()
    series = {m + end for m in labels for end in ("", "_bucket", "_sum", "_count")}
    for path, text in documents():
        for name in sorted(set(re.findall(r"\bdragoman_[a-z_]+\b", text)) - series):
            print(f"{path}: there is no metric {name}")
        for name, label, values in re.findall(
                r'\b(dragoman_\w+)\{(\w+)=~?"([^"]*)"\}', text):
            known = labels.get(name, {}).get(label, set())
            for value in sorted(set(values.split("|")) - known):
                print(f"{path}: {name} has no {label}=\"{value}\"")
    code = " ".join(literals(text) for _, text in sources())
    known = NAMES | set(re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", code))
    known |= {name.lower() for row in settings() for name in row.names}
    for path in "docs/TROUBLESHOOTING.md", "docs/OPERATIONS.md", "docs/SECURITY.md":
        for span in quoted(read(path)):
            if re.fullmatch(r"[a-z]+(_[a-z]+)+", span) and span not in known:
                print(f"{path}: no program says {span}")


def check_identifiers():
    """Functions, structs and macros that docs/DESIGN.md names are in the code."""
    code = set()
    for pattern in "*/*.[ch]", "tests/unit/*.c", "tests/unit/*.sh", "redis/lua/*.lua", "deploy/quickstart.d/*":
        for path in glob.glob(pattern):
            code |= set(re.findall(r"\w+", read(path)))
            code.add(os.path.basename(path).split(".")[0])
    code |= set(re.findall(r"\w+", read("nginx/dragoman.conf")))
    for path in "docs/DESIGN.md", "docs/SECURITY.md", "redis/README.md":
        for span in quoted(read(path)):
            m = re.fullmatch(r"(?:struct |enum )?([A-Za-z]+(?:_[A-Za-z]+)+)(?:\(\))?", span)
            if m and m[1] not in code | NAMES and not re.search(r"[A-Z]{4}$", m[1]):
                print(f"{path}: no code has {m[1]}")


def slug(heading):
    """The anchor of a heading, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def check_anchors():
    """What a page points to within a page is a heading there."""
    heads = {}
    for path, text in documents():
        heads[os.path.normpath(path)] = {
            slug(h) for h in re.findall(r"^#+ (.*)$", text, re.M)}
    for path, text in documents():
        for page, anchor in re.findall(r"\]\(([^)#\s]*)#([^)]*)\)", text):
            target = os.path.normpath(os.path.join(os.path.dirname(path), page)
                                      if page else path)
            if anchor not in heads.get(target, ()):
                print(f"{path}: {page}#{anchor}: there is no such heading")


PLACES = [f for f in folders() if os.path.isdir(f)] + ["nginx", "docs", "tests"]


def check_paths():
    """Files of the source code that a page names are there."""
    for path, text in documents():
        if not path.endswith(".md"):
            continue
        for span in quoted(text):
            m = re.fullmatch(rf"((?:{'|'.join(PLACES)})/[\w./*@-]*)(?: .*)?", span)
            if not m or m[1] in NO_FILES or re.search(r"[A-Z]{4}|build/", m[1].rsplit("/", 1)[-1].split(".")[0]):
                continue
            if not (glob.glob(m[1]) or glob.glob(m[1] + "*")):
                print(f"{path}: there is no {m[1]}")


def check_files():
    """docs/DESIGN.md: a table of a folder's files has those that there are."""
    told = {}
    for table_ in re.findall(r"^\| [^\n]*\bin `(\w+)/` \|[^\n]*\n\|[-|]*\n((?:\|.*\n)*)",
                             read("docs/DESIGN.md"), re.M):
        folder, body = table_
        for cells in rows(body):
            for word in re.findall(r"`([\w*]+\.[ch])`", " ".join(cells)):
                told.setdefault(folder, set()).add(word)
    for folder, names in told.items():
        there = {os.path.basename(p) for p in glob.glob(folder + "/*.[ch]")}
        for name in sorted(names):
            if not glob.glob(f"{folder}/{name}") and not glob.glob(f"*/{name}"):
                print(f"docs/DESIGN.md: there is no {folder}/{name}")
        globbed = {os.path.basename(p) for name in names
                   for p in glob.glob(f"{folder}/{name}")}
        for name in sorted(there - globbed):
            if name.endswith(".c") and name != "main.c" and folder != "base" \
                    and f"`{folder}/{name}`" not in read("docs/DESIGN.md"):
                print(f"docs/DESIGN.md: {folder}/{name} is in no row")


def check_cases():
    """Cases of tests/wild that docs/COMPATIBILITY.md names are there."""
    for cells in rows(read("docs/COMPATIBILITY.md")):
        for name in re.findall(r"`([a-z]+(?:-[a-z0-9…]+)+)`", cells[-1]):
            if not glob.glob(f"tests/wild/cases/{name.replace('…', '*')}.mjs"):
                print(f"docs/COMPATIBILITY.md: there is no case {name}")


def check_folders():
    """The README's map has each folder that has files of ours."""
    part = read("README.md").split("\n## The source code\n", 1)[1]
    told = {cells[0].strip("`/") for cells in rows(part.split("\n## ")[0])}
    told -= {"folder"}
    there = set(PLACES)
    for name in sorted(there ^ told):
        print(f"README.md: folder {name}/ is {'missing' if name in there else 'not there'}")


CHECKS = (check_sentences, check_pages, check_names, check_identifiers,
          check_anchors, check_paths, check_files, check_cases, check_folders)

if __name__ == "__main__":
    for check in CHECKS:
        check()
