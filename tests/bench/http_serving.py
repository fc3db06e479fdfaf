"""The part `serving` of tests/bench/run: what the page and the API cost, and how soon they tell.

Everything is asked of a real sf-processor on loopback. The clients (`http`) share the machine with it; what they take
themselves is printed beside.
"""
import collections
import contextlib
import datetime
import json
import pathlib
import random
import re
import resource
import socket
import subprocess
import threading
import time

STREAMS, PAGES_PER_SECOND = 200, 100
PAGES = ["/", "/StreamingQuery/", "/batches/", "/source/"]
CONNECTIONS = 8
LIMIT_S = 60


def numbers(text):
    return {name: int(value) for name, value in re.findall(r"(\w+)=(\d+)", text)}


def free_port():
    """Below those that the kernel gives to connections: nobody takes it by chance before the server does."""
    while True:
        port = random.randrange(15000, 32000)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


def wait_for(condition, what):
    deadline = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline:
        value = condition()
        if value is not None:
            return value
        time.sleep(0.002)
    raise TimeoutError(what)


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return None


def get(port, path):
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    return answer.split(b"\r\n\r\n", 1)[1]


def caught_up(port):
    queries = json.loads(get(port, "/api/v1/progress"))["queries"]
    return True if queries and queries[0]["lag"] == 0 else None


def cpu_seconds(pid, threads=None):
    """Of a process, or of those of its threads; None when it has ended."""
    try:
        total = 0
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            if threads is None or (task / "comm").read_text().strip() in threads:
                total += int((task / "schedstat").read_text().split()[0])
        return total / 1e9
    except OSError:
        return None


class Processor:
    """One that serves: started, its port known, stopped at the end."""

    def __init__(self, bench, work, name, target, *more):
        self.port = free_port()
        path = bench.config(work / f"{name}.properties", *target, bench.COUNT, work / f"checkpoint-{name}", *more)
        text = path.read_text().replace("spark.ui.enabled = false", f"spark.ui.port = {self.port}")
        path.write_text(text)
        self.progress = work / f"progress-{name}"
        self.output = open(work / f"out-{name}", "w+b")
        self.process = subprocess.Popen([bench.BIN / "sf-processor", "--config", path, "--log-level", "warn",
                                         "--progress-file", self.progress],
                                        stdout=self.output, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)

    def __enter__(self):
        wait_for(lambda: listens(self.port), "the page's port")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.output.close()


def requests(bench, work, target):
    """Newest progress and the first page, as often as they come."""
    seconds = 1 if bench.SMOKE else 3
    with Processor(bench, work, "requests", target, "query.q.trigger = 100 milliseconds") as served:
        wait_for(lambda: caught_up(served.port), "all records")
        for path, goal in (("/api/v1/progress", ">= 30,000"), ("/api/v1/table", "-"), ("/", "-"), ("/metrics", "-")):
            rates, cpu, clients = [], [], []
            for _ in range(bench.RUNS):
                before = cpu_seconds(served.process.pid)
                done = bench.Run([bench.BENCH / "http", served.port, "--requests", CONNECTIONS, seconds, path])
                found = numbers(done.out)
                if done.status or found["errors"] or not found["answers"]:
                    bench.fail(f"serving {path}: {done.status} {done.out} {done.err[-200:]}")
                    return
                rates.append(found["answers"] * 1e6 / found["wall_us"])
                cpu.append((cpu_seconds(served.process.pid) - before) * 1e6 / found["answers"])
                clients.append(found["cpu_us"] / found["answers"])
            bench.figure(f"requests of {path}, {CONNECTIONS} connections kept alive", rates, "requests/s", goal)
            print(f"    {bench.spread(cpu)} us CPU of the processor a request, "
                  f"{bench.spread(clients)} us of the client", flush=True)


def arrivals(port, wanted, found):
    """Read a stream of events until `wanted` batches were told: milliseconds from the end of each batch to its
    event."""
    with socket.create_connection(("127.0.0.1", port), LIMIT_S) as connection:
        connection.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        pending = b""
        while len(found) < wanted:
            chunk = connection.recv(65536)
            now_ms = time.time() * 1000
            if not chunk:
                return
            pending += chunk
            *events, pending = pending.split(b"\n\n")
            for event in events:
                if b"event: progress" not in event:
                    continue
                last = json.loads(event[event.index(b"data: ") + 6:])["last"]
                begin = datetime.datetime.fromisoformat(last["timestamp"].replace("Z", "+00:00")).timestamp() * 1000
                found.append(now_ms - begin - last["batchDuration"])


def latency(bench, work, target, data):
    """Both clocks are this machine's; a batch's end is known to the millisecond, and cut, so that up to one too much is
    counted."""
    found = []
    wanted = 5 if bench.SMOKE else 100
    with Processor(bench, work, "latency", target, "query.q.trigger = 50 milliseconds") as served:
        producer = subprocess.Popen([bench.BIN / "sf-producer", "-b", target[0], "-t", target[1], "--rate", "2000",
                                     "--loop", data],
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        reader = threading.Thread(target=arrivals, args=(served.port, wanted, found), daemon=True)
        reader.start()
        reader.join(LIMIT_S)
        producer.terminate()
        producer.wait()
    if len(found) < wanted:
        bench.fail(f"serving: {len(found)} of {wanted} batches were told")
        return
    bench.figure("batch finished to event received", found, "ms", "< 100 median")


@contextlib.contextmanager
def crowd(bench, port):
    """The streams and the pages beside a run; yields what they counted, filled in at the end."""
    counted = {}
    command = [bench.BENCH / "http", str(port), "--beside", str(STREAMS), str(PAGES_PER_SECOND), *PAGES]
    clients = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True)
    try:
        yield counted
    finally:
        out, err = clients.communicate()
        counted.update(numbers(out))
        counted["status"] = f"{clients.returncode} {err.strip()[-200:]}" if clients.returncode or err else ""


def ended_cpu_seconds():
    """Of all programs that were started here and have ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime


FullSpeed = collections.namedtuple("FullSpeed", "rate cpu share seconds counted table")


def full_speed(bench, work, target, records, name, with_crowd):
    """A whole run in batches of 20,000: records/s between its first batch's begin and its last one's end, its CPU
    seconds from start to end, the share of serving in them once its first third, in which the streams are opened, is
    over, seconds. None: it failed."""
    samples = [(0, 0)]
    before = ended_cpu_seconds()
    with Processor(bench, work, name, target, "source.calls.maxOffsetsPerTrigger = 20000") as served:
        with crowd(bench, served.port) if with_crowd else contextlib.nullcontext({}) as counted:
            while served.process.poll() is None:
                own = cpu_seconds(served.process.pid, ("MHD-single", "sf-events"))
                total = cpu_seconds(served.process.pid)
                if None not in (own, total) and total > samples[-1][1]: # else its threads are ending
                    samples.append((own, total))
                time.sleep(0.02)
            cpu = ended_cpu_seconds() - before # the clients have not ended yet
        reports = [json.loads(line) for line in served.progress.read_text().splitlines()]
        served.output.seek(0)
        table = bench.table_of(served.output.read().decode(errors="replace"))
    rows = sum(report["numInputRows"] for report in reports)
    if served.process.returncode or rows != records or counted.get("status"):
        bench.fail(f"serving: exit status {served.process.returncode}, {rows} of {records} records, clients {counted}")
        return None
    begin, end = (datetime.datetime.fromisoformat(reports[i]["timestamp"].replace("Z", "+00:00")).timestamp()
                  for i in (0, -1))
    seconds = end - begin + reports[-1]["batchDuration"] / 1000
    (own, total), (own_end, total_end) = samples[len(samples) // 3], samples[-1]
    share = (own_end - own) / (total_end - total) if total_end > total else 0
    return FullSpeed(rows / seconds, cpu, share, seconds, counted, table)


def beside(bench, work, data, wanted):
    """The same run alone and beside the crowd, in turn; a topic of 48 partitions holds twelve times the file."""
    times = 1 if bench.SMOKE else 12
    pairs = 1 if bench.SMOKE else 4 * bench.RUNS
    records = bench.RECORDS * times
    ngroups, first_rows = wanted[bench.COUNT]
    table_wanted = [[*row[:-1], str(int(row[-1]) * times)] for row in first_rows]
    done = {True: [], False: []}
    with bench.broker(48) as target:
        for _ in range(times):
            if bench.Run([bench.BIN / "sf-producer", "-b", target[0], "-t", target[1], data]).status:
                bench.fail("serving: the producer")
                return
        for i in range(pairs):
            for with_crowd in (i % 2 == 0, i % 2 == 1): # whoever comes second finds the machine otherwise
                run = full_speed(bench, work, target, records, f"{'crowd' if with_crowd else 'alone'}-{i}", with_crowd)
                if run is None:
                    return
                if run.table != table_wanted:
                    bench.fail(f"serving: wrong table {run.table}, wanted {table_wanted}")
                    return
                done[with_crowd].append(run)
    alone, crowded = done[False], done[True]
    walls = [run.counted["wall_us"] / 1e6 for run in crowded]
    for run, wall in zip(crowded, walls):
        if not bench.SMOKE and (wall < 0.8 * run.seconds or not run.counted["events"]):
            bench.fail(f"serving: the crowd was there for {wall} of {run.seconds} seconds: {run.counted}")
            return
    told, asked, clients = ([run.counted[what] * scale / wall for run, wall in zip(crowded, walls)]
                            for what, scale in (("events", 1), ("answers", 1), ("cpu_us", 1e-4)))
    bench.row(f"full-speed count beside {STREAMS} event streams and {PAGES_PER_SECOND} pages/s, records a CPU second",
              "the same run alone", [a.cpu / c.cpu for a, c in zip(alone, crowded)], ">= 0.98",
              f"{bench.spread(told)} events/s and {bench.spread(asked)} pages/s told")
    bench.figure("CPU of the HTTP and event threads in that run, streams open", [run.share * 100 for run in crowded],
                 "% of the processor's", "< 2")
    bench.figure("its records/s, the clients on the same cores", [c.rate / a.rate for a, c in zip(alone, crowded)],
                 f"of the run alone; the clients took {bench.spread(clients)} % of a core", "-")


def serving(bench, data, work, wanted):
    with bench.broker(2) as target:
        sent = bench.Run([bench.BIN / "sf-producer", "-b", target[0], "-t", target[1],
                          bench.ROOT / "data" / "police-department-calls-for-service.json"])
        if sent.status:
            bench.fail(f"serving: the producer ended with {sent.status}")
            return
        requests(bench, work, target)
        latency(bench, work, target, data)
    beside(bench, work, data, wanted)
