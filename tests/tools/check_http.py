#!/usr/bin/env python3
"""Hold a serving sf-processor against its own description, against Spark's captures and against what reads its metrics.

usage: tests/tools/check_http.py URL NAME [PROMTOOL]. Prints one `ok - ` or `not ok - ` line a check,
beginning with NAME.

openapi    every path of /api/openapi.json answers as described (status, content type, required fields, types), and
           every route is in it
spark      the REST answers have the fields of tests/golden/rest with their types; errors have Spark's status and words
metrics    promtool takes them; counters never fall; OpenMetrics when asked for; names and units as Prometheus' guide
           to naming wants them
exprs      every metric and label that config/grafana and config/prometheus name exists in a scrape
"""
import http.client
import json
import pathlib
import re
import subprocess
import sys
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
GOLDEN = ROOT / "tests" / "golden" / "rest"
URL = urllib.parse.urlsplit(sys.argv[1])
NAME = sys.argv[2]
PROMTOOL = sys.argv[3] if len(sys.argv) > 3 and sys.argv[3] else None


def check(good, name, *why):
    print(("ok - " if good else "not ok - ") + f"{NAME}: {name}")
    if not good:
        for line in why:
            print("# " + str(line)[:1500].replace("\n", "\n# "))


def ask(path, method="GET", **headers):
    """Status, headers (lower case), body."""
    connection = http.client.HTTPConnection(URL.hostname, URL.port, timeout=20)
    try:
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        fields = {name.lower(): value for name, value in answer.getheaders()}
        body = answer.read(200) if fields.get("content-type", "").startswith("text/event-stream") else answer.read()
        return answer.status, fields, body
    finally:
        connection.close()


def get(path):
    return json.loads(ask(path)[2])


# --- openapi -----------------------------------------------------------------------------------------------------


def mismatch(value, schema, document, where=""):
    """What of the value is not as the schema has it, or None. The part of JSON Schema that the description uses."""
    if "$ref" in schema:
        target = document
        for part in schema["$ref"][2:].split("/"):
            target = target[part]
        return mismatch(value, target, document, where)
    if "anyOf" in schema:
        found = [mismatch(value, one, document, where) for one in schema["anyOf"]]
        return None if None in found else found[0]
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    is_kind = {"object": isinstance(value, dict), "array": isinstance(value, list), "string": isinstance(value, str),
               "null": value is None,
               "boolean": isinstance(value, bool), "integer": isinstance(value, int) and not isinstance(value, bool),
               "number": isinstance(value, (int, float)) and not isinstance(value, bool)}
    if kinds and not any(is_kind[kind] for kind in kinds):
        return f"{where}: {value!r} is no {'/'.join(kinds)}"
    if "enum" in schema and value not in schema["enum"]:
        return f"{where}: {value!r} is none of {schema['enum']}"
    if isinstance(value, dict):
        for name in schema.get("required", []):
            if name not in value:
                return f"{where}: no {name}"
        for name, item in value.items():
            part = schema.get("properties", {}).get(name, schema.get("additionalProperties"))
            if part is None and "properties" in schema:
                return f"{where}: {name} is not described"
            found = mismatch(item, part, document, f"{where}.{name}") if part else None
            if found:
                return found
    if isinstance(value, list):
        if len(value) > schema.get("maxItems", len(value)):
            return f"{where}: {len(value)} items"
        for i, item in enumerate(value):
            found = mismatch(item, schema.get("items", {}), document, f"{where}[{i}]")
            if found:
                return found
    return None


def answer_of(document, operation, status):
    response = operation["responses"].get(str(status))
    while response and "$ref" in response:
        response = document["components"]["responses"][response["$ref"].rsplit("/", 1)[1]]
    return response


def as_described(document, path, operation, status, fields, body):
    """None, or what is not as described."""
    response = answer_of(document, operation, status)
    if response is None:
        return f"status {status} is not described"
    media = fields.get("content-type", "").split(";")[0]
    if "content" not in response:
        return None
    if media not in response["content"]:
        return f"{status} with content type {media!r}, described are {sorted(response['content'])}"
    if media.endswith("json"):
        return mismatch(json.loads(body), response["content"][media]["schema"], document)
    return None


def openapi():
    document = get("/api/openapi.json")
    application = get("/api/v1/applications")[0]["id"]
    base = f"/api/v1/applications/{application}"
    query = get(f"{base}/sql/streamingqueries")[0]
    job = get(f"{base}/jobs")[0]["jobId"]
    values = {"app": application, "run": query["runId"], "job": job, "item": 1, "attempt": 0, "word": "statistics",
              "executor": "driver", "asset": "style.css"}
    needs = {"/StreamingQuery/statistics": f"?id={query['runId']}", "/batches/batch": f"?batch={query['latestBatch']}"}
    for path, item in document["paths"].items():
        operation = item["get"]
        names = [parameter["$ref"].rsplit("/", 1)[1] for parameter in operation.get("parameters", [])]
        parameters = [document["components"]["parameters"][name] for name in names]
        in_path = re.findall(r"\{(\w+)\}", path)
        check(in_path == [p["name"] for p in parameters if p["in"] == "path"], f"{path}: its parameters are described")
        concrete = re.sub(r"\{(\w+)\}", lambda found: str(values[found.group(1)]), path)
        status, fields, body = ask(concrete + needs.get(path, ""))
        wanted = 200 if "200" in operation["responses"] else 404
        wrong = as_described(document, path, operation, status, fields, body)
        check(status == wanted and wrong is None, f"{path} -> {wanted}", status, wrong, body[:300])
        if path == "/api/v1/events":
            continue
        head = ask(concrete + needs.get(path, ""), "HEAD")
        check(head[0] == status and head[2] == b"" and head[1].get("content-type") == fields.get("content-type"),
              f"HEAD {path}", head[0])
        status, fields, body = ask(concrete, "POST")
        wrong = as_described(document, path, operation, status, fields, body)
        check(status == 405 and fields.get("allow") == "GET, HEAD" and wrong is None, f"POST {path} -> 405 with Allow",
              status, wrong)
        status, fields, body = ask(concrete, Host="evil.example")
        wrong = as_described(document, path, operation, status, fields, body)
        check(status == 403 and wrong is None, f"{path} for a foreign Host -> 403", status, wrong)
        for parameter in parameters:
            bad = {"integer": "x", "string": None}[parameter["schema"]["type"]]
            bad = "nonsense" if "enum" in parameter["schema"] else bad
            if parameter["in"] != "query" or bad is None or path.startswith("/batches/"):
                continue
            status, fields, body = ask(f"{concrete}?{parameter['name']}={bad}")
            wrong = as_described(document, path, operation, status, fields, body)
            check(status in (400, 404) and wrong is None, f"{path}?{parameter['name']}={bad} is refused", status, wrong,
                  body[:200])
        if any(parameter["name"] == "format" for parameter in parameters):
            status, fields, body = ask(concrete + "?format=csv")
            lines = body.decode().splitlines()
            check(status == 200 and fields["content-type"].startswith("text/csv") and len(lines) > 1,
                  f"{path}?format=csv", status, lines[:2])
    for status, path in ((404, f"/api/v1/applications/{application}x"), (404, f"{base}/sql/streamingqueries/none")):
        found, fields, body = ask(path)
        check(found == status and fields["content-type"].startswith("text/plain"),
              f"{path.replace(application, 'APP')} -> {status} in plain text", found)
    routes = set(re.findall(r'^    \{"(/[^"]*)", "', (ROOT / "src" / "ui" / "routes.c").read_text(), re.M))
    described = {re.sub(r"\{\w+\}", "*", path) for path in document["paths"]}
    doubles = {path for path in routes if path.endswith("/") and path[:-1] in routes}
    check(routes - doubles == described, "every route is described and every description has a route",
          sorted(routes - doubles ^ described))


# --- spark -------------------------------------------------------------------------------------------------------


def shape_mismatch(ours, theirs, where="", free=()):
    """The first place where keys or types differ. Lists by their first element; objects under `free` have keys of their
    own."""
    if isinstance(theirs, dict):
        if not isinstance(ours, dict):
            return f"{where}: no object"
        if where in free:
            return None
        if list(ours) != list(theirs):
            return f"{where}: keys {list(ours)} against {list(theirs)}"
        for key in theirs:
            found = shape_mismatch(ours[key], theirs[key], f"{where}.{key}", free)
            if found:
                return found
    elif isinstance(theirs, list):
        if not isinstance(ours, list):
            return f"{where}: no list"
        if ours and theirs and not str(theirs[0]).startswith("... trimmed"):
            return shape_mismatch(ours[0], theirs[0], f"{where}[]", free)
    elif type(ours) is not type(theirs):
        return f"{where}: {ours!r} against {theirs!r}"
    return None


def spark():
    application = get("/api/v1/applications")[0]
    app, name = application["id"], application["name"]
    base = f"/api/v1/applications/{app}"
    job = get(f"{base}/jobs")[0]
    run = get(f"{base}/sql/streamingqueries")[0]
    for path, capture in (("/api/v1/applications", "applications"), (base, "application"),
                          (f"{base}/executors", "executors"),
                          (f"{base}/allexecutors", "allexecutors"), (f"{base}/environment", "environment"),
                          (f"{base}/jobs", "jobs_failed"),
                          (f"{base}/jobs/{job['jobId']}", "job"), (f"{base}/storage/rdd", "storage_rdd"),
                          (f"{base}/allmiscellaneousprocess", "allmiscellaneousprocess"),
                          ("/api/v1/version", "version")):
        status, fields, body = ask(path)
        wrong = shape_mismatch(json.loads(body), json.loads((GOLDEN / f"{capture}.json").read_text()))
        check(status == 200 and fields["content-type"].startswith("application/json") and wrong is None,
              f"{capture}.json: the same fields and types", wrong)
    threads = get(f"{base}/executors/driver/threads")
    captured = json.loads((GOLDEN / "executor_threads.json").read_text())
    check(shape_mismatch(threads[0], captured[1]) is None and any(t["threadName"] == "sf-events" for t in threads),
          "executor_threads.json: the same fields",
          shape_mismatch(threads[0], captured[1]))
    check(get("/api/v1/version") == json.loads((GOLDEN / "version.json").read_text()), "version.json: the same answer")
    check(job["jobGroup"] == run["runId"]
          and job["description"] == f"{run['name']}\nid = {run['id']}\nrunId = {run['runId']}\nbatch = {job['jobId']}",
          "a batch is found by its job's group and description", job)
    ids = [j["jobId"] for j in get(f"{base}/jobs")]
    check(ids == sorted(ids, reverse=True) and len(set(ids)) == len(ids), "jobs come newest first", ids[:10])
    check(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}GMT",
                       application["attempts"][0]["startTime"]) is not None, "times are in Spark's form")
    check(application["attempts"][0]["endTime"] == "1969-12-31T23:59:59.999GMT", "a running application ends in 1969")
    listed = ask("/api/v1/applications")[2]
    for path, status, body in (
            ("/api/v1/applications/", 200, listed), ("/api/v1/applications?status=running", 200, listed),
            ("/api/v1/applications?status=RUNNING", 200, listed),
            ("/api/v1/applications?status=completed", 200, b"[ ]"), ("/api/v1/applications?limit=1", 200, listed),
            ("/api/v1/applications?limit=0", 200, b"[ ]"),
            ("/api/v1/applications?status=bogus", 404, None),
            ("/api/v1/applications?minDate=bogus", 400, b"Couldn't parse date: bogus"),
            ("/api/v1/applications?minDate=2015-02-16", 200, listed),
            ("/api/v1/applications?maxDate=2015-02-16T16:30:45.123GMT", 200, b"[ ]"),
            ("/api/v1/applications?maxEndDate=2015-02-16", 200, b"[ ]"),
            ("/api/v1/applications/nosuch", 404, b"unknown app: nosuch"),
            ("/api/v1/applications/nosuch/jobs", 404, b"unknown app: nosuch"),
            (f"{base}/1", 404, f"unknown app {app}, attempt 1".encode()),
            (f"{base}/jobs?status=running", 200, b"[ ]"), (f"{base}/jobs?status=failed", 200, b"[ ]"),
            (f"{base}/jobs?status=bogus", 404, None),
            (f"{base}/jobs/999999", 404, b"unknown job: 999999"),
            (f"{base}/jobs/abc", 404, f"{base}/jobs/abc".encode()),
            (f"{base}/stages", 200, b"[ ]"), (f"{base}/stages?status=failed", 200, b"[ ]"),
            (f"{base}/stages/999999", 404, b"unknown stage: 999999"),
            (f"{base}/sql", 200, b"[ ]"), (f"{base}/sql/999999", 404, b"unknown query execution id: 999999"),
            (f"{base}/sql/abc", 404, None),
            (f"{base}/storage/rdd/0", 404, b"no rdd found w/ id 0"), (f"{base}/executors/", 200, None),
            (f"{base}/executors/nosuch/threads", 400, b"Invalid executorId: neither 'driver' nor number."),
            (f"{base}/streaming/statistics", 404, f"no streaming listener attached to {name}".encode()),
            (f"{base}/streaming/receivers", 404, f"no streaming listener attached to {name}".encode()),
            (f"{base}/StreamingQuery", 404, f"unknown app {app}, attempt StreamingQuery".encode()),
            (f"{base}/logs", 200, b"PK\5\6" + bytes(18)), ("/api/v1", 404, None), ("/api/v1/", 404, None),
            ("/api/v1/nosuch", 404, None),
            ("/metrics/json/", 200, None), ("/metrics/prometheus/", 200, None), ("/metrics/master/json", 404, None),
            ("/metrics/applications/json", 404, None)):
        found = ask(path)
        same = body is None or found[2] == body or (body is listed and json.loads(found[2])[0]["id"] == app)
        check(found[0] == status and same, f"Spark: {path.replace(app, 'APP')} -> {status}", found[0], found[2][:200])
    spark_metrics(app, run["name"])


def spark_metrics(app, query):
    captured = json.loads((GOLDEN / "metrics_json.json").read_text())
    ours = get("/metrics/json/")
    check(list(ours) == list(captured) and ours["version"] == captured["version"], "metrics/json: Dropwizard's form",
          list(ours))
    theirs_id = next(iter(captured["gauges"])).split(".")[0]
    for kind in ("gauges", "counters"):
        known = {name.replace(theirs_id, "", 1).replace("streaming.crimes.", "streaming.Q."): value
                 for name, value in captured[kind].items()}
        for name, value in ours[kind].items():
            plain = name.replace(app, "", 1).replace(f"streaming.{query}.", "streaming.Q.")
            theirs = known.get(plain)
            good = (theirs is not None and list(value) == list(theirs)
                    and type(list(value.values())[0]) is type(list(theirs.values())[0]))
            check(good, f"metrics/json: {kind} {plain} is a name of Spark's, with its type", value)
    streaming = {name for name in captured["gauges"] if ".spark.streaming.crimes." in name}
    check(len([name for name in ours["gauges"] if f".spark.streaming.{query}." in name]) == len(streaming),
          "metrics/json: the six gauges of a query")

    def names(text, application):
        return {re.match(r"[\w]+", line).group(0).replace(application.replace("-", "_"), "APP")
                for line in text.splitlines() if line}

    text = ask("/metrics/prometheus/")[2].decode().replace(f"streaming_{query}_", "streaming_crimes_")
    check(names(text, app) <= names((GOLDEN / "metrics_prometheus.txt").read_text(), theirs_id),
          "metrics/prometheus: names of Spark's only",
          names(text, app) - names((GOLDEN / "metrics_prometheus.txt").read_text(), theirs_id))
    ours_text = ask("/metrics/executors/prometheus")[2].decode()
    theirs_text = (GOLDEN / "metrics_executors_prometheus.txt").read_text()

    def lines(text):
        return [re.sub(r'"[^"]*"', '""', line.rsplit(" ", 1)[0]) for line in text.splitlines() if line]

    check(lines(ours_text) == lines(theirs_text),
          "metrics/executors/prometheus: the same names and labels in the same order",
          set(lines(ours_text)) ^ set(lines(theirs_text)))


# --- metrics -----------------------------------------------------------------------------------------------------

SAMPLE = re.compile(r'^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$')


def scrape(accept=None):
    status, fields, body = ask("/metrics", **({"Accept": accept} if accept else {}))
    return fields["content-type"], body.decode()


def samples(text):
    """By name: labels and value of each sample."""
    found = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, labels, value = SAMPLE.match(line).groups()
            pairs = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels or ""))
            found.setdefault(name, []).append((pairs, float(value)))
    return found


def metrics():
    content_type, text = scrape()
    check(content_type == "text/plain; version=0.0.4; charset=utf-8", "metrics: text 0.0.4 by default", content_type)
    kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M))
    wrong = [name for name, kind in kinds.items() if (kind == "counter") != name.endswith("_total")]
    check(not wrong, "metrics: counters, and only they, end in _total", wrong)
    units = [name for name in kinds if re.search(r"_(ms|milliseconds|kb|kilobytes|minutes|percent)(_total)?$", name)]
    check(not units, "metrics: base units", units)
    check(set(re.findall(r"^# HELP (\S+) .+", text, re.M)) == set(kinds), "metrics: every family has a help")
    lines = [line.rsplit(" ", 1)[0] for line in text.splitlines() if not line.startswith("#")]
    check(len(lines) == len(set(lines)), "metrics: no sample twice")
    before = samples(text)
    for path in ("/", "/nosuch", "/api/v1/progress"):
        ask(path)
    after = samples(scrape()[1])
    fallen = []
    for name, rows in before.items():
        if name.endswith(("_total", "_bucket", "_count", "_sum")):
            now = {json.dumps(labels, sort_keys=True): value for labels, value in after.get(name, [])}
            fallen += [f"{name}{labels}" for labels, value in rows
                       if now.get(json.dumps(labels, sort_keys=True), -1) < value]
    check(not fallen, "metrics: counters never fall", fallen)
    requests = {(labels["path"], labels["code"]): value for labels, value in after["sfcrime_http_requests_total"]}
    earlier = {(labels["path"], labels["code"]): value for labels, value in before["sfcrime_http_requests_total"]}
    good = all(requests.get(key, 0) > earlier.get(key, 0)
               for key in (("page", "200"), ("other", "404"), ("api", "200"), ("metrics", "200")))
    check(good, "metrics: requests are counted by class and code", requests)
    content_type, open_text = scrape("application/openmetrics-text;version=1.0.0;q=0.9,text/plain;version=0.0.4;q=0.5")
    check(content_type == "application/openmetrics-text; version=1.0.0; charset=utf-8"
          and open_text.endswith("# EOF\n"), "metrics: OpenMetrics when asked for")
    open_kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)$", open_text, re.M))
    check({name + ("_total" if kind == "counter" else "") for name, kind in open_kinds.items()} == set(kinds),
          "metrics: the same families in OpenMetrics")
    if PROMTOOL is None:
        print(f"skip - {NAME}: promtool is not to be had")
        return
    done = subprocess.run([PROMTOOL, "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    check(done.returncode == 0 and not (done.stdout + done.stderr).strip(), "promtool check metrics",
          done.stdout + done.stderr)
    for command in (["check", "rules", "config/prometheus/sfcrime.rules.yml"],
                    ["check", "config", "config/prometheus/prometheus.yml"],
                    ["test", "rules", "tests/e2e/06-http.rules.yml"]):
        done = subprocess.run([PROMTOOL, *command], cwd=ROOT, capture_output=True, text=True, check=False)
        check(done.returncode == 0, "promtool " + " ".join(command), done.stdout[-800:] + done.stderr[-800:])


# --- expressions -------------------------------------------------------------------------------------------------

FUNCTIONS = set("""sum by without rate increase deriv histogram_quantile on ignoring and or unless time clamp_min
    changes label_values max min avg count group_left group_right""".split())
OF_PROMETHEUS = {"job", "instance"}  # labels that every scrape adds


def known_labels(found):
    return {name: {label for labels, _ in rows for label in labels} | OF_PROMETHEUS for name, rows in found.items()}


def wrong_in(expression, labels_of, records):
    """What the expression names and a scrape does not have."""
    wrong = []
    plain = re.sub(r'"(?:[^"\\]|\\.)*"', '""', expression)
    bare = re.sub(r"\{[^}]*\}|\b(?:by|on|without|ignoring)\s*\([^)]*\)", "", plain)
    metric = r"(?<![\w:$.\"])([a-zA-Z_][\w:]*)(?=\s*(?:\{|\[|[-+*/)<>=,]|$|\s(?:and|or|unless|by)))"
    used = [name for name in re.findall(metric, bare) if name not in FUNCTIONS]
    for name in used:
        if name not in labels_of and name not in records:
            wrong.append(f"no metric {name}")
    labels = set().union(*(labels_of.get(name, records.get(name, set())) for name in used)) if used else set()
    for name, matchers in re.findall(r"([a-zA-Z_:][\w:]*)\{([^}]*)\}", plain):
        for label in re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers):
            if label not in labels_of.get(name, records.get(name, set())):
                wrong.append(f"{name} has no label {label}")
    for group in re.findall(r"\b(?:by|on)\s*\(([^)]*)\)", plain):
        wrong += [f"no label {label}" for label in re.split(r"[\s,]+", group.strip()) if label and label not in labels]
    if not used:
        wrong.append("no metric at all")
    return wrong


def values_wrong(expression, found):
    """Literal label values must be ones that a scrape has."""
    wrong = []
    for name, matchers in re.findall(r"([a-zA-Z_:][\w:]*)\{([^}]*)\}", expression):
        for label, value in re.findall(r'(\w+)=~?"([^"$]*)"', matchers):
            if value not in {labels.get(label) for labels, _ in found.get(name, [])}:
                wrong.append(f"{name} has no {label}={value}")
    return wrong


def expressions():
    found = samples(scrape()[1])
    # What a query without a watermark does not have is described all the same.
    labels_of = known_labels(found)
    for name in re.findall(r"^# TYPE (\S+)", scrape()[1], re.M):
        labels_of.setdefault(name, {"query"} | OF_PROMETHEUS)
    rules = (ROOT / "config" / "prometheus" / "sfcrime.rules.yml").read_text()
    rule_exprs = [" ".join(block.split())
                  for block in re.findall(r"^ +expr: (?:\|\n((?: {10,}.*\n)+)|(?!\|)(.*)\n)", rules, re.M)
                  for block in block if block]
    records = {name: {"job", "instance", "query"} for name in re.findall(r"- record: (\S+)", rules)}
    check(len(rule_exprs) == len(re.findall(r"- (?:alert|record):", rules)), "rules: every expression is found",
          rule_exprs)
    dashboard = json.loads((ROOT / "config" / "grafana" / "sfcrime.json").read_text())
    panels = []

    def walk(items):
        for panel in items:
            panels.extend((f"panel {panel.get('title')}", target["expr"]) for target in panel.get("targets", []))
            walk(panel.get("panels", []))

    walk(dashboard["panels"])
    variables = [(f"variable {v['name']}", v["query"] if isinstance(v["query"], str) else v["query"]["query"])
                 for v in dashboard["templating"]["list"] if v["type"] == "query"]
    for where, expression in [("rule", e) for e in rule_exprs] + panels + variables:
        if expression.startswith("label_values("):
            metric, label = re.fullmatch(r"label_values\((\w+), *(\w+)\)", expression).groups()
            wrong = [] if label in labels_of.get(metric, set()) else [f"{metric} has no label {label}"]
        else:
            wrong = wrong_in(expression, labels_of, records) + values_wrong(expression, found)
        check(not wrong, f"{where}: {expression[:90]}", wrong)


for part in (openapi, spark, metrics, expressions):
    try:
        part()
    except Exception as error:  # one part must not hide the others
        check(False, f"{part.__name__} runs to its end", f"{type(error).__name__}: {error}")
