#!/usr/bin/env python3
"""Names and texts in the code against those in docs/: prints what differs."""
import glob
import json
import re

from texts import (call_end, literals, read, rows, section, sources, string,
                   table)


def events():
    """
    {event: ({fields}, {levels})} of all log_event() calls; log_lines()
    names events, too.  No levels where a call chooses one.
    """
    found = {}

    def add(name, fields, levels):
        known = found.setdefault(name, (set(), set()))
        known[0].update(fields)
        known[1].update(levels)

    for _, text in sources():
        for m in re.finditer(r"\blog_event\(", text):
            call = text[m.end():call_end(text, m.end()) - 1]
            head = call.split("F_", 1)[0]
            levels = re.findall(r"\bLOG_(ERROR|WARN|INFO|DEBUG)\b", head)
            fields = set(re.findall(r'F_[A-Z]+\(\s*"(\w+)"', call))
            if "F_CHAT(" in call:
                fields.add("chat")
            for array in re.findall(r"F_[A-Z]+\((\w+)\[", call):
                fields.update(column(text, array))
            names = re.findall(r'"([a-z]+(?:_[a-z]+)+)"', head)
            for i, name in enumerate(names):
                one = len(names) > 1 and len(names) == len(levels)
                add(name, fields, levels[i:i + 1] if one else levels)
        for level, name, remedy in re.findall(
                r'\blog_lines\(LOG_(\w+),\s*"(\w+)",\s*("|NULL)', text):
            add(name, {"what", "remedy"} if remedy == '"' else {"what"}, [level])
    return found


def column(text, array):
    """The words in a C table: one of them is the field's name."""
    return {string(cell) for cells in table(text, array) for cell in cells
            if re.fullmatch(r'"\w+"', cell)}


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


def documented_events(doc):
    """The same of the tables: `event` in the first cell, fields in the third."""
    found = {}
    for cells in rows(section(doc, "Log")):
        if len(cells) != 4:
            continue
        for name in re.findall(r"`(\w+)`", cells[0]):
            found[name] = (set(re.findall(r"`(\w+)`", cells[2])),
                           set(re.findall(r"\b(error|warn|info|debug)\b", cells[1])))
    return found


def check_events():
    code, told = events(), documented_events(read("docs/INTERFACES.md"))
    for name in sorted(set(code) - set(told)):
        print(f"docs/INTERFACES.md: log event {name} is missing")
    for name in sorted(set(told) - set(code)):
        print(f"docs/INTERFACES.md: no program logs {name}")
    for name in sorted(set(code) & set(told)):
        for field in sorted(code[name][0] - told[name][0]):
            print(f"docs/INTERFACES.md: {name} has a field {field}, too")
        for field in sorted(told[name][0] - code[name][0]):
            print(f"docs/INTERFACES.md: {name} has no field {field}")
        levels = {level.lower() for level in code[name][1]}
        if levels and levels != told[name][1]:
            print(f"docs/INTERFACES.md: {name} is {' '.join(sorted(levels))}")


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


METRIC_TYPES = {"C": "counter", "G": "gauge", "H": "histogram",
                "L": "gauge, *all*"}


def metrics():
    """{name: {label: values}} and {name: type} of nouns/metric.c."""
    code, types = {}, {}
    for row in re.split(r"\n\t\[METRIC_", read("nouns/metric.c"))[1:]:
        name = re.search(r'"(dragoman_\w+)"', row).group(1)
        code[name] = metric_labels(row)
        types[name] = METRIC_TYPES[re.search(r'",\s+([CGHL]),', row).group(1)]
    return code, types


def check_metrics():
    code, types = metrics()
    told = {}
    for cells in rows(section(read("docs/INTERFACES.md"), "Metrics")):
        m = re.match(r"`(dragoman_\w+)`$", cells[0])
        if m:
            told[m[1]] = told_labels(cells[2])
            if types.get(m[1], cells[1]) != cells[1]:
                print(f"docs/INTERFACES.md: {m[1]} is a {types[m[1]]}")
    for name in sorted(set(told) - set(code)):
        print(f"docs/INTERFACES.md: there is no metric {name}")
    for name, labels in code.items():
        if name not in told:
            print(f"docs/INTERFACES.md: metric {name} is missing")
            continue
        for label in sorted(set(labels) | set(told[name])):
            has, says = labels.get(label), told[name].get(label)
            if has is None:
                print(f"docs/INTERFACES.md: {name} has no label {label}")
            elif says is None:
                print(f"docs/INTERFACES.md: {name} has a label {label}, too")
            elif has != says:
                print(f"docs/INTERFACES.md: values of {name}'s {label}: "
                      f"{' '.join(sorted(has ^ says))}")


WHO = {None: "everybody", "verify_proxy_secret": "`X-Proxy-Secret`",
       "verify_metrics": "loopback, `server.metrics_allow`",
       "verify_mcp": "a key, or `mcp.auth: none`",
       "verify_mcp_sse": "a key, `mcp.auth: none`, or `mcp.require_key: false`",
       "verify_mcp_origin": "pages of `mcp.origins`"}


def routes():
    """[({method}, path, {member: value})] of the table of routes."""
    found = []
    for cells in table(read("handlers/routes.c"), "ROUTES"):
        row = dict(re.match(r"\.(\w+) = (.*)", cell, re.S).groups()
                   for cell in cells)
        if row["pattern"] != "NULL":
            found.append((set(re.findall(r"\bM_(\w+)", row["methods"])),
                          string(row["pattern"]), row))
    return found


def machine_routes():
    """{(method, path): its text} of docs/openapi.yaml."""
    text = re.search(r"^paths:\n(.*?)^\w", read("docs/openapi.yaml"), re.M | re.S)[1]
    found = {}
    for path in re.split(r"^  (?=/)", text, flags=re.M)[1:]:
        name = path.split(":", 1)[0]
        for method in re.split(r"^    (?=\w+:$)", path, flags=re.M)[1:]:
            found[(method.split(":", 1)[0].upper(), name)] = method
    return found


def check_routes():
    machine = machine_routes()
    told = {}
    for cells in rows(section(read("docs/INTERFACES.md"), "HTTP")):
        m = re.fullmatch(r"`([A-Z]+) (/[^`]*)`", cells[0])
        if m:
            told[(m[1], m[2])] = cells[1]
    served = {(method, path): row for methods, path, row in routes()
              for method in methods}
    for page, has in (("docs/INTERFACES.md", told), ("docs/openapi.yaml", machine)):
        for method, path in sorted(set(served) - set(has)):
            print(f"{page}: route {method} {path} is missing")
        for method, path in sorted(set(has) - set(served)):
            print(f"{page}: there is no route {method} {path}")
    for route in sorted(set(served) & set(told) & set(machine)):
        verify, name = served[route].get("verify"), " ".join(route)
        if told[route] != WHO[verify]:
            print(f"docs/INTERFACES.md: {name} is for: {WHO[verify]}")
        if ("proxySecret" in machine[route]) != (verify == "verify_proxy_secret"):
            print(f"docs/openapi.yaml: {name}: its security is another one")


def function(text, name):
    """The body of a C function, as .clang-format writes it."""
    m = re.search(rf"^{name}\(.*?^}}", text, re.M | re.S)
    return m[0] if m else ""


# What of the router refuses a request for its body.
OF_BODIES = ("check_size", "check_type", "read_body", "parse")


def statuses(text):
    found = set(re.findall(r"\brefuse\(req, (\d{3})", text))
    found |= set(re.findall(r"reply_error\(req, (\d{3})", text))
    found |= set(re.findall(r"\.status = (\d{3})", text))
    return found | ({"422"} if "reply_invalid(" in text else set())


def check_mcp_statuses(methods, path, own, machine):
    """Of /mcp: docs/MCP.md has them with their codes, openapi a default."""
    own = (own | set(re.findall(r"refuse\(fault, (\d{3})", read("mcp/ladder.c")))
           if "POST" in methods else own)
    says = set()
    for cells in rows(section(read("docs/MCP.md"), "Errors")):
        says |= set(re.findall(r"\d{3}", cells[1]))
    for status in sorted(own - says - {"422"}):  # a parse error there: 400
        print(f"docs/MCP.md: {path} answers {status}, too")
    for method in methods:
        if method == "POST" and "default:" not in machine.get((method, path), ""):
            print(f"docs/openapi.yaml: {method} {path} has no default")


def check_statuses():
    """Each status of a refusal is told, and there is no other one."""
    refusals = {}
    for cells in table(read("handlers/chat_refusal.c"), "REFUSALS"):
        refusals[cells[0]] = cells[1].removeprefix(".status = ")
    files = {path: read(path) for path in glob.glob("handlers/*.c")}
    router = read("fcgi/router.c") + read("fcgi/serve.c") + read("fcgi/request.c")
    everywhere = statuses(router)
    told = {}
    machine = machine_routes()
    for methods, path, row in routes():
        own = set()
        for file, text in files.items():
            if re.search(rf"^{row['handle']}\(", text, re.M):
                own |= statuses(text) | {refusals[name] for name in refusals
                                         if re.search(rf"\b{name}\b", text)}
            if "verify" in row:
                own |= statuses(function(text, row["verify"]))
        if path.startswith("/chat"): # what answers both
            for file in "handlers/chat_reply.c", "handlers/chat_park.c":
                own |= {refusals[name] for name in refusals
                        if re.search(rf"\b{name}\b", files[file])}
        if "body_max" in row:
            for phase in OF_BODIES:
                own |= statuses(function(read("fcgi/router.c"), phase))
        if row.get("refuse") == "refuse_mcp":
            check_mcp_statuses(methods, path, own, machine)
            continue
        told[path] = own
        for method in methods:
            says = set(re.findall(r"^ *'([45]\d\d)':", machine.get((method, path), ""), re.M))
            for status in sorted(own - says):
                print(f"docs/openapi.yaml: {method} {path} may answer {status}")
            for status in sorted(says - own - everywhere):
                print(f"docs/openapi.yaml: {method} {path} answers no {status}")
    every = everywhere.union(*told.values())
    says = set()
    for cells in rows(section(read("docs/INTERFACES.md"), "HTTP")):
        if re.fullmatch(r"[45]\d\d(, [45]\d\d)*", cells[0]):
            says |= set(cells[0].split(", "))
    for status in sorted(every - says):
        print(f"docs/INTERFACES.md: status {status} is in no row")
    for status in sorted(says - every):
        print(f"docs/INTERFACES.md: nothing answers {status}")


def json_keys(value):
    if isinstance(value, dict):
        return set(value).union(*map(json_keys, value.values()))
    return set().union(*map(json_keys, value)) if isinstance(value, list) else set()


def check_shown():
    """The members of /health and /ready: the pages, the example, the schema."""
    view = read("handlers/fleet_view.c")
    code = literals(function(read("handlers/fleet_pages.c"), "render_health")
                    + function(read("handlers/fleet_pages.c"), "render_ready")
                    + function(view, "fleet_backends_doc")
                    + function(view, "fleet_sources_doc"))
    code = set(re.findall(r'^"([a-z_]+)"$', code, re.M)) - {"enabled", "reason"}
    doc, machine = read("docs/INTERFACES.md"), read("docs/openapi.yaml")
    told, schema = set(), set()
    for name in "health", "ready":
        part = doc.split(f"\n### GET /{name}\n", 1)[1].split("\n\n", 1)[0]
        told |= json_keys(json.loads(part))
        part = re.search(rf"^    {name.title()}:\n((?:      .*\n)*)", machine, re.M)[1]
        schema |= set(re.findall(r"(\w+):", part)) - {
            "type", "required", "properties", "items", "const", "enum",
            "examples", "description"}
    schema -= {"null"}
    for page, has in (("docs/INTERFACES.md", told), ("docs/openapi.yaml", schema)):
        for key in sorted(code - has):
            print(f"{page}: /health or /ready shows {key}, too")
        for key in sorted(has - code):
            print(f"{page}: neither /health nor /ready shows {key}")


CHECKS = (check_events, check_remedies, check_metrics, check_routes,
          check_statuses, check_shown)

if __name__ == "__main__":
    for check in CHECKS:
        check()
