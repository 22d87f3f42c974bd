"""
No circle of files inside a folder: a file that uses another one of its folder
is not used by it, by any way around.  Read from the symbols of built objects,
since a folder's private header joins what its files hide from each other.

  tests/lint/circles.py BUILD     where `make` was run

A circle that must stay has its reason in docs/DESIGN.md, and a line here.
"""
import os
import subprocess
import sys

from texts import folders

STAY = [
    # Schemas contain schemas: "One question to a model".
    {"llm/schema_node", "llm/schema_typed"},
]


def symbols(obj):
    """(defined, used) of an object file."""
    defined, used = set(), set()
    out = subprocess.run(["nm", "-P", obj], capture_output=True, text=True,
                         check=True).stdout
    for line in out.splitlines():
        name, kind = line.split()[:2]
        if name == "main" or name.startswith("__"):
            continue
        if kind == "U":
            used.add(name)
        elif kind in "TDBRVWC":
            defined.add(name)
    return defined, used


def circles(graph):
    """The strongly connected parts of more than one (Tarjan)."""
    index, low, stack, found = {}, {}, [], []

    def visit(v):
        index[v] = low[v] = len(index)
        stack.append(v)
        for w in graph[v]:
            if w not in index:
                visit(w)
                low[v] = min(low[v], low[w])
            elif w in stack:
                low[v] = min(low[v], index[w])
        if low[v] == index[v]:
            at = stack.index(v)
            part = set(stack[at:])
            del stack[at:]
            if len(part) > 1:
                found.append(part)

    for v in sorted(graph):
        if v not in index:
            visit(v)
    return found


build = sys.argv[1]
for folder in folders():
    where = os.path.join(build, folder)
    if not os.path.isdir(where):
        continue
    used, owner = {}, {}
    for name in sorted(os.listdir(where)):
        stem = f"{folder}/{name[:-2]}"
        # An object that outlived its source is no file of ours.
        if not name.endswith(".o") or not os.path.exists(stem + ".c"):
            continue
        defined, used[stem] = symbols(os.path.join(where, name))
        owner.update((s, stem) for s in defined)
    graph = {f: {owner[s] for s in u if s in owner and owner[s] != f}
             for f, u in used.items()}
    for part in circles(graph):
        if part not in STAY:
            print("a circle of files:", " ".join(sorted(part)))
            for f in sorted(part):
                names = sorted(s for s in used[f]
                               if owner.get(s) in part and owner[s] != f)
                print(f"    {f} uses {', '.join(names[:8])}")
