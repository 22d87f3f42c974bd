#!/usr/bin/env python3
"""
Commands, options and exit codes: the tables of the programs, the manual page,
the completion, and every call that a document or a message shows.  Prints what
differs.
"""
import glob
import os
import re

from texts import (documents, literals, quoted, read, rows, section, sources,
                   string, table)

OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
# What each command takes besides its own: GLOBAL_OPTIONS, and cli/main.c.
EVERYWHERE = {"--help", "--version"}


def commands():
    """{"turns list": {its options}} of cli/commands.c."""
    text = read("cli/commands.c")
    for name, value in re.findall(r"#define (\w+_OPTIONS)((?:.*\\\n)+.*)\n", text):
        text = re.sub(rf"(?<!#define ){name}\b", lambda _: value.replace("\\\n", "\n"), text)
    return {string(cells[0]): set(re.findall(r"(?:^|\\n)(--[a-z-]+)", cells[3][1:]))
            for cells in table(text, "COMMANDS")}


def everywhere():
    text = re.search(r"GLOBAL_OPTIONS\[\]\s*=(.*?);", read("cli/commands.c"), re.S)[1]
    return set(OPTION.findall(text)) | EVERYWHERE


def check_asked():
    """What a command's table tells of is what its code asks for."""
    told = everywhere().union(*commands().values())
    asked = {"--version"}
    for path in sorted(glob.glob("cli/*.c")):
        asked |= set(re.findall(
            r'\bcli_(?:flag|option|option_int)\(\s*\w+,\s*"(--[a-z-]+)"', read(path)))
    for option in sorted(told - asked):
        print(f"cli/commands.c: no command asks for {option}")
    for option in sorted(asked - told):
        print(f"cli/commands.c: {option} is told of nowhere")


def check_manual():
    """No command and no option in the manual page that is none."""
    page = dict(documents())["cli/dragoman.1"]
    ours, options = commands(), everywhere().union(*commands().values())
    part = re.search(r"^\.SH COMMANDS\n(.*?)^\.SH", page, re.M | re.S)[1]
    told = set()
    for line in re.findall(r"^\.TP\n(.*)$", part, re.M):
        line = re.sub(r'^\.\w+ |"', "", line)
        for piece in line.split(","):
            words = re.match(r"\s*((?:[a-z]+ ?)+)", piece)
            name = words[1].strip() if words else ""
            while name and name not in ours and " " in name:
                name = name.rsplit(" ", 1)[0]
            if name not in ours:
                print(f"cli/dragoman.1: there is no command: {line}")
            told.add(name)
    for name in sorted(set(ours) - told):
        print(f"cli/dragoman.1: command {name} is missing")
    told = set(OPTION.findall(re.sub(r"quickstart --exec", "", page)))
    for option in sorted(told - options):
        print(f"cli/dragoman.1: there is no option {option}")
    for option in sorted(options - told):
        print(f"cli/dragoman.1: option {option} is missing")


def check_completion():
    """Each case of the completion is a command with all of its options."""
    text, ours = read("cli/completion/dragoman"), commands()
    groups = {}
    for name in ours:
        group, _, word = name.partition(" ")
        groups.setdefault(group, set()).update({word} if word else set())
    meant = {" ": set(groups), "help ": set(groups) - {"help"}}
    for group, words in groups.items():
        if words:
            meant[group + " "] = meant["help " + group] = words
    for name, options in ours.items():
        if options:
            case = name if " " in name else name + " "
            meant[case] = meant.get(case, set()) | options
    told = {case: set(words.split()) for case, words in
            re.findall(r'"([^"]*)"\) options="([^"]*)"', text)}
    for case in sorted(set(meant) | set(told)):
        if meant.get(case) != told.get(case):
            print(f"cli/completion/dragoman: \"{case}\" has: "
                  f"{' '.join(sorted(meant.get(case, [])))}")
    if everywhere() != set(OPTION.findall(re.search(r"global=(.*)", text)[1])):
        print("cli/completion/dragoman: global= has not all options, or others")


def usage(path):
    """The options that a script's usage lists, and those that it takes."""
    text = read(path)
    told = re.search(r"<<'TEXT'\n(.*?)^TEXT$", text, re.M | re.S)[1]
    told = set(OPTION.findall(told))
    begin = text.index("while [ $# -gt 0 ]")
    return told, {word for line in re.findall(
        r"^\s*(--?[a-z][^)(\n]*)\)|^\s*(--[^)(\n]*\| \\\n[^)(\n]*)\)",
        text[begin:], re.M) for word in OPTION.findall(" ".join(line))}


SCRIPTS = ("deploy/quickstart", "nginx/generate")


def check_scripts():
    """The usage of a script tells of what it takes."""
    for path in SCRIPTS:
        told, taken = usage(path)
        for option in sorted(told - taken):
            print(f"{path}: takes no {option}")
        for option in sorted(taken - told - {"--help"}):
            print(f"{path}: --help does not tell of {option}")
    text = read("deploy/quickstart")
    listed = set(re.search(r"^OPTIONS='([^']*)'", text, re.M)[1].split())
    if listed != usage("deploy/quickstart")[1]:
        print("deploy/quickstart: OPTIONS has not all options, or others")


def check_calls():
    """Each call that is shown is one that works: its command, its options."""
    ours, shared = commands(), everywhere()
    groups = {name.split()[0] for name in ours}
    taken = {path: usage(path)[1] for path in SCRIPTS}
    texts = [(path, list(quoted(text)) if path.endswith(".md")
              else text.splitlines()) for path, text in documents()]
    texts += [(path, literals(text).splitlines()) for path, text in sources()]
    texts += [(path, read(path).splitlines()) for path in
              sorted(glob.glob("deploy/systemd/*"))]
    for path, lines in texts:
        shown = path.endswith((".md", ".1", ".yaml"))
        for line in lines:
            for m in re.finditer(
                    r"(?:^|[\s(`\"/])dragoman((?: --json| --config \S+)*)"
                    r" ([a-z]+)(?: ([a-z]+))?([^|;&`>#]*)", line):
                if m[2] not in groups:
                    if shown and re.search(r"(^|[$`-] )$", line[:m.start() + 1]):
                        print(f"{path}: there is no command: dragoman {m[2]}")
                    continue
                name = f"{m[2]} {m[3]}" if f"{m[2]} {m[3]}" in ours else m[2]
                if name not in ours:
                    if m[3]:
                        print(f"{path}: there is no command: dragoman {m[2]} {m[3]}")
                    continue
                for option in OPTION.findall(m[4]) if shown else ():
                    if option not in ours[name] | shared:
                        print(f"{path}: dragoman {name} has no {option}")
            for script, word in ((SCRIPTS[0], r"(?:quickstart|\$Q)"),
                                 (SCRIPTS[1], r"generate")):
                for m in re.finditer(rf"{word}((?: +[^-\s|;&`>#]\S*| +--?[\w-]+)*?)"
                                     r"(?= -- |\s*[|;&`>#]|\s*$)", line):
                    for option in OPTION.findall(m[1]):
                        if option not in taken[script]:
                            print(f"{path}: {script} has no {option}")


def check_tests():
    """Each `tests/run NAME` that is shown is one; so is each file of tests."""
    script = read("tests/run")
    for path, text in documents():
        if not path.endswith(".md"):
            continue
        for line in quoted(text):
            for m in re.finditer(r"\btests/run ([a-z0-9][\w-]*)", line):
                if not (re.search(rf"^\s*(?:\S+ \| )?{m[1]}\)", script, re.M)
                        or glob.glob(f"tests/e2e/{m[1]}*.test.mjs")
                        or glob.glob(f"tests/unit/{m[1]}.c")
                        or m[1] in ("unit", "e2e")):
                    print(f"{path}: there is no tests/run {m[1]}")


def check_exits():
    """Exit codes: enums and scripts, the manual page, INTERFACES.md, usage."""
    text = re.search(r"enum \{\s*CLI_OK.*?\};", read("cli/cli.h"), re.S)[0]
    cli = set(re.findall(r"= (\d+)", text)) | {"130"}
    page = re.search(r"^\.SH EXIT STATUS\n(.*?)^\.SH", read("cli/dragoman.1"),
                     re.M | re.S)[1]
    if set(re.findall(r"^\.TP\n\.B (\d+)$", page, re.M)) != cli:
        print(f"cli/dragoman.1: exit codes are {' '.join(sorted(cli, key=int))}")
    said = re.search(r'exit: (.*?);', read("cli/commands.c"), re.S)[1]
    if set(re.findall(r"(?<!\w)(\d+) [a-z]", said)) != cli:
        print("cli/commands.c: commands_print has not all exit codes, or others")
    worker = {"0", "1", re.search(r"PROGRAM_WRONG (\d)", read("program/program.h"))[1]}
    supervisor = set(re.findall(r"\breturn (\d);", read("deploy/supervise.c")))
    for path in sorted(glob.glob("deploy/*.c")):
        supervisor |= set(re.findall(r"\bexit\((\d)\);", read(path)))
    quickstart = set()
    for path in ["deploy/quickstart"] + sorted(glob.glob("deploy/quickstart.d/*.sh")):
        quickstart |= set(re.findall(r"\b(?:fail|exit) (\d)\b", read(path)))
    meant = {"dragoman": cli - {"130"}, "dragoman-edge": worker,
             "dragoman-turn": worker, "dragoman-supervise": supervisor,
             "deploy/quickstart": quickstart}
    told = {}
    for cells in rows(section(read("docs/INTERFACES.md"), "Programs")):
        if len(cells) == 5:
            for name in re.findall(r"`([a-z/-]+)`", cells[0]):
                told[name] = {str(i) for i in range(4) if cells[i + 1]}
    for name, codes in sorted(meant.items()):
        if told.get(name) != codes:
            print(f"docs/INTERFACES.md: {name} exits with "
                  f"{' '.join(sorted(codes))}")


def check_workers():
    """Options of edges and turn workers, where INTERFACES.md lists them."""
    ours = {"--" + string(cells[0].strip("{ ").split(",")[0])
            for cells in table(read("program/options.c"), "OPTIONS")}
    told = set()
    for cells in rows(section(read("docs/INTERFACES.md"), "Programs")):
        if cells[0] == "`dragoman-edge`" and len(cells) == 3:
            told = set(OPTION.findall(cells[2]))
    if told != ours:
        print(f"docs/INTERFACES.md: edges take {' '.join(sorted(ours))}")


CHECKS = (check_asked, check_manual, check_completion, check_scripts,
          check_calls, check_tests, check_exits, check_workers)

if __name__ == "__main__":
    for check in CHECKS:
        check()
