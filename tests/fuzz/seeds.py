"""Inputs to begin from, out of the project's own fixtures: write(target, directory).

Each is what a target reads, with its byte of choices in front where the target takes one; libFuzzer mutates and crosses
them. The order in the fixtures decides which ones are taken, so that two runs begin alike.
"""
import base64
import hashlib
import json
import pathlib

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TABLES = ROOT / "tests/golden/tables"
STREAM = ROOT / "tests/golden/stream"
MOST = 1500  # of one target: more only slow the start


def rows(table):
    with open(TABLES / f"{table}.jsonl", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def spread(items, most=MOST):
    """At most so many, from all of the list."""
    items = list(items)
    return items[:: max(1, -(-len(items) // most))]


def text_of(row):
    if "b64" in row:
        return base64.b64decode(row["b64"])
    text = row.get("text")
    return text.encode("utf-8", "surrogatepass") if isinstance(text, str) else b""


def records():
    """The head of the sample, as an array, as lines and one by one."""
    head = json.loads((ROOT / "data/police-department-calls-for-service.json").read_text())[:6]
    one_by_one = [json.dumps(record).encode() for record in head]
    return json.dumps(head[:3], indent=4).encode(), b"\n".join(one_by_one[:3]) + b"\n", one_by_one


def sql():
    for table in ("accepted", "sql_errors", "streaming"):
        yield from (row["sql"].encode() for row in spread(rows(table), 400))
    yield from (f"SELECT {row['expr']} FROM calls".encode() for row in spread(rows("expr"), 300))


def json_decode():
    yield from (text_of(row) for row in spread(rows("from_json"), 800))
    yield from records()[2]
    yield (b'{"a": "x", "b": 12, "c": 1.5e3, "d": true, "e": "2018-12-31T23:57:00.000", "f": "2018-12-31", "g": -7, '
           b'"h": null}')


def times():
    for table in ("timestamp_cast", "string_cast"):
        for i, row in enumerate(spread(rows(table), 600)):
            yield bytes([i % 20]) + text_of(row)
    for row in spread(rows("window"), 100):
        yield from (b"\x04" + part.encode() for part in row["args"])
    yield from (b"\x0e" + text
                for text in (b"1 year 2 months -3 days 4.5 seconds", b"500ms", b"10000", b"64m", b"-128"))


def csv():
    for row in spread(rows("csv"), 300):
        if isinstance(row.get("expected"), str):
            yield b"\x00" + row["expected"].encode("utf-8", "surrogatepass")
    yield b"\x01\xef\xbb\xbfa,b\r\n\"x\ny\",\"\"\"\"\r\n\r\n1,2"
    yield b"\x02one;two;a \"quoted\" one;comma, and\nline;;#first; blank "


def settings():
    yield from (path.read_bytes() for path in sorted((ROOT / "config").glob("*.properties")))
    yield b"source.calls.subscribe = t\nsource.calls.kafka.sasl.password = c4n4ry\nquery.q.sql = SELECT \\\n    1\n"
    yield b"\xef\xbb\xbf# comment\r\n! another\r\nspark.ui.port: 4040\r\ntable.codes.path = data/radio_code.json\r\n"
    for line in (ROOT / "config/sf-processor.properties").read_bytes().splitlines():
        if b"=" in line:
            yield line.lstrip(b"# ")


def static_table():
    whole = (ROOT / "data/radio_code.json").read_bytes()
    codes = json.loads(whole)
    lines = b"\n".join(json.dumps(code).encode() for code in codes[:8])
    for choice in b"\x00\x01\x02":
        yield bytes([choice]) + whole[:4000]
        yield bytes([choice]) + json.dumps(codes[:6], indent=4).encode()
        yield bytes([choice]) + lines
        yield bytes([choice]) + b'{"n": 1, "t": "2018-12-31", "x": [1, {"y": null}]}'
    yield from (b"\x01" + text_of(row) for row in spread(rows("from_json"), 300))


def offset_plan():
    for path in sorted(STREAM.glob("*/expected/checkpoint/sources/0/0")):
        yield path.read_bytes().split(b"\n")[-1]
    yield b'{"topicA":{"0":23,"1":-1},"topicB":{"0":-2}}'
    yield b'{"a":{"0":9223372036854775807,"1":0,"2147483647":5}}'


def checkpoint():
    seal = b'"crc32c":"00000000"'
    for kind, pattern in enumerate(("offsets/*", "commits/*", "sources/0/0")):
        for path in spread(sorted(STREAM.glob(f"*/expected/checkpoint/{pattern}")), 60):
            text = path.read_bytes()
            lines = text.split(b"\n")
            if kind < 2 and lines[1:] and lines[1].endswith(b"}"):
                lines[1] = lines[1][:-1] + b"," + seal + b"}"
            yield bytes([kind]) + b"\n".join(lines)
    owner = b'{"version":1,"id":"a","query":"q","cluster":"c","fingerprint":"f\\ng","initial":"0123abcd",' + seal + b"}"
    yield b"\x03" + owner
    for path in spread(sorted(STREAM.glob("*/expected/checkpoint/metadata")), 5):
        yield b"\x04" + path.read_bytes()


def state():
    lines = b"Noise|1546300620000000|5|1.5|ab|true\nTraffic|NULL|7|-0.0|NULL|false\nNULL|0|NULL|nan||true\n"
    for choice in b"\x00\x01":
        yield bytes([choice]) + lines
        yield bytes([choice]) + b"Noise|1|9223372036854775807|1e308|x|true\nNoise|1|1|1e308|x|true\n"
        for at in range(40, 160, 3):
            yield bytes([choice]) + lines + b"\x00" + bytes([0, at, at % 4, at * 7 % 256])


def dataset():
    array, lines, one_by_one = records()
    columns = list(json.loads(one_by_one[0]))
    table = ",".join(columns) + "\n" + ",".join(f'"{value}"' for value in json.loads(one_by_one[0]).values()) + "\n"
    for choice in (0, 1, 33, 130):
        yield bytes([choice]) + array
        yield bytes([choice]) + array.replace(b"},", b"}, ,", 1)
    for choice in (0, 2, 66):
        yield bytes([choice]) + lines
        yield bytes([choice]) + lines.replace(b'": "', b'": ', 1)
    yield b"\x03" + table.encode()
    yield from (b"\x42" + text_of(row) + b'\n{"a": 1}\n' for row in spread(rows("from_json"), 400))


def http():
    spec = json.loads((ROOT / "src/ui/assets/openapi.json").read_text())
    for path, operations in spec["paths"].items():
        path = path.replace("{appId}", "local-1").replace("{runId}", "118b6a03-8b0a-4ac2-b645-7c79692b20af")
        yield path.encode()
        names = [p["name"] for op in operations.values() if isinstance(op, dict) for p in op.get("parameters", [])
                 if isinstance(p, dict) and "name" in p]
        yield (path + "?" + "&".join(f"{name}=3" for name in names)).encode()
    for path in ("/", "/StreamingQuery/", "/StreamingQuery/statistics?id=118b6a03-8b0a-4ac2-b645-7c79692b20af",
                 "/result/",
                 "/batches/", "/batches/batch?id=3", "/source/", "/plan/", "/records/", "/environment/", "/executors/"):
        yield path.encode()
        yield path.encode() + b"?query=crimes&q=%3Czq&sort=kind&order=desc&page=2&size=10&limit=1"
    yield from (b"localhost:4040", b"[::1]:80", b"gzip;q=0.5, *;q=0", b'W/"9a3f", "b"', b"/%c0%af?x=%3Czq")


def escape():
    for table in ("from_json", "to_json", "console"):
        for row in spread(rows(table), 150):
            yield text_of(row) or json.dumps(row.get("expected"), ensure_ascii=False).encode("utf-8", "surrogatepass")
    yield "\x1b[31m \u202e \u2028 \u0085 <&>\"' \U0001f600".encode() + b"\xed\xa0\xbd\xc0\x80\xff"


TARGETS = {
    "fuzz_sql": sql,
    "fuzz_json_decode": json_decode,
    "fuzz_times": times,
    "fuzz_csv": csv,
    "fuzz_settings": settings,
    "fuzz_static_table": static_table,
    "fuzz_offset_plan": offset_plan,
    "fuzz_checkpoint": checkpoint,
    "fuzz_state": state,
    "fuzz_dataset": dataset,
    "fuzz_http": http,
    "fuzz_escape": escape,
}


def write(target, directory):
    """The target's seeds as files named by their contents; how many."""
    seeds = set(TARGETS[target]())
    directory.mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        (directory / hashlib.sha1(seed).hexdigest()).write_bytes(seed)
    return len(seeds)
