"""The part `soak` of tests/bench/run: a processor left alone for an hour (BENCH_SOAK seconds), and what it takes
meanwhile.

Only on request (BENCH_ONLY=soak) and only on a broker with retention by size (BROKERS). The producer sends the real
file's records again and again at a steady pace; two queries run side by side, triggers of a second, page and checkpoint
on, and somebody looks at them: an event stream stays open and the page is asked for once a second. Every few seconds
the processor's memory, descriptors, threads and checkpoint files are counted. Nothing may grow once all groups are
there and the checkpoint keeps as many batches as it ever will; the slope says by how much it did.
"""

import http.client
import os
import pathlib
import re
import statistics
import subprocess
import threading
import time

from endurance import resident_mb

RATE = 2000  # records a second: the whole file in 100 s
PARTITIONS = 4
RETENTION = ["retention.ms=-1", f"retention.bytes={1 << 28}", f"segment.bytes={1 << 26}"]
SAMPLE_S = 5
# The file is through and minBatchesToRetain batches are over, twice.
SETTLED_S = 300
FIGURES = ("MB", "descriptors", "threads", "files")


def taken(pid, checkpoint):
    """What FIGURES say, now."""
    now_mb, _ = resident_mb(pid)
    return (
        now_mb,
        len(os.listdir(f"/proc/{pid}/fd")),
        len(os.listdir(f"/proc/{pid}/task")),
        sum(len(files) for _, _, files in os.walk(checkpoint)),
    )


def slope(samples):
    """Least squares, a unit an hour."""
    times, values = zip(*samples)
    middle, level = statistics.fmean(times), statistics.fmean(values)
    spread = sum((t - middle) ** 2 for t in times)
    return 3600 * sum((t - middle) * (v - level) for t, v in samples) / spread if spread else 0.0


class Visitor(threading.Thread):
    """A page that is open (its events are read), and one that is asked for every second."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.over, self.events, self.pages, self.wrong = port, threading.Event(), 0, 0, None
        self.stream = threading.Thread(target=self.follow, daemon=True)

    def follow(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", "/api/v1/events")
        answer = connection.getresponse()
        while line := answer.readline():
            self.events += line.startswith(b"data:")

    def run(self):
        self.stream.start()
        while not self.over.wait(1):
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
                connection.request("GET", "/")
                answer = connection.getresponse()
                if answer.status != 200 or b"</html>" not in answer.read():
                    self.wrong = f"the page answered {answer.status}"
                self.pages += 1
            except OSError as failure:
                self.wrong = f"the page: {failure}"
            finally:
                connection.close()


def configuration(bench, path, brokers, topic, checkpoint):
    """Two queries with triggers of a second, and the page."""
    second = {
        "sql": bench.WINDOW,
        "outputMode": "update",
        "trigger": "1 second",
        "format": "console",
        "option.numRows": bench.TOP,
        "checkpointLocation": checkpoint / "hours",
    }
    more = [f"query.hours.{name} = {value}" for name, value in second.items()]
    bench.config(path, brokers, topic, bench.COUNT, checkpoint / "categories", *more)
    text = path.read_text().replace("spark.ui.enabled = false", "spark.ui.port = 0")
    path.write_text(text.replace("trigger = availableNow", "trigger = 1 second"))


def soak(bench, data, work, wanted):
    brokers = os.environ.get("BROKERS")
    seconds = 5 if bench.SMOKE else int(os.environ.get("BENCH_SOAK", "3600"))
    if not brokers:
        bench.fail("soak: it needs a broker that keeps what is not read yet: BROKERS")
        return
    topic, tool = f"bench-soak-{os.getpid()}", bench.TOOLS / "kafka_tool"
    subprocess.run(
        [tool, "-b", brokers, "create-topic", topic, str(PARTITIONS), *RETENTION], check=True, stdout=subprocess.DEVNULL
    )
    checkpoint, said = work / "soak-checkpoint", work / "soak-err"
    configuration(bench, work / "soak.properties", brokers, topic, checkpoint)
    with open(said, "wb") as err:
        processor = subprocess.Popen(
            [bench.BIN / "sf-processor", "--config", work / "soak.properties"],
            stdout=subprocess.DEVNULL,
            stderr=err,
            stdin=subprocess.DEVNULL,
        )
    producer = subprocess.Popen(
        [bench.BIN / "sf-producer", "-b", brokers, "-t", topic, "--log-level", "warn", "--loop"]
        + ["--rate", str(RATE), data],
        stdin=subprocess.DEVNULL,
    )
    visitor, samples = None, []
    try:
        begin = time.monotonic()
        while not (port := re.search(r"http://127\.0\.0\.1:(\d+)", said.read_text())):
            if processor.poll() is not None or time.monotonic() > begin + 30:
                raise RuntimeError(f"the processor shows no page: {said.read_text()[-300:]}")
            time.sleep(0.05)
        visitor = Visitor(int(port.group(1)))
        visitor.start()
        while (now := time.monotonic() - begin) < seconds:
            for process, name in ((processor, "processor"), (producer, "producer")):
                if process.poll() is not None:
                    raise RuntimeError(f"the {name} ended with {process.returncode}")
            samples.append((now, *taken(processor.pid, checkpoint)))
            time.sleep(min(SAMPLE_S, seconds / 10))
        cpu = os.sysconf("SC_CLK_TCK")
        fields = pathlib.Path(f"/proc/{processor.pid}/stat").read_text().rsplit(")", 1)[1].split()
        report(bench, samples, visitor, (int(fields[11]) + int(fields[12])) / cpu)
    except RuntimeError as wrong:
        bench.fail(f"soak: {wrong}")
    finally:
        if visitor:
            visitor.over.set()
            visitor.join()
        for process, name in ((producer, "producer"), (processor, "processor")):
            process.terminate()
            if process.wait() not in (0, -15):
                bench.fail(f"soak: the {name} ended with {process.returncode}")
        subprocess.run([tool, "-b", brokers, "delete-topic", topic], check=True, stdout=subprocess.DEVNULL)
        (work.parent / "soak.err").write_bytes(said.read_bytes())


def report(bench, samples, visitor, cpu_s):
    if visitor.wrong or not visitor.events:
        bench.fail(f"soak: {visitor.wrong or 'no event came'}")
    settled = [s for s in samples if s[0] >= SETTLED_S] or samples
    lasted = samples[-1][0]
    print(
        f"{lasted:.0f} s, {RATE} records/s through 2 queries, {visitor.pages} pages and {visitor.events} events read, "
        f"{cpu_s:.0f} s of CPU\n    from {SETTLED_S} s on (first, median, greatest, last; growth an hour):"
    )
    facts = {}
    for i, name in enumerate(FIGURES, 1):
        values = [s[i] for s in settled]
        facts[name] = {
            "first": values[0],
            "median": statistics.median(values),
            "max": max(values),
            "last": values[-1],
            "slope": slope([(s[0], s[i]) for s in settled]),
        }
        print(
            "    "
            + f"{name:12}"
            + ", ".join(f"{facts[name][k]:.1f}" for k in ("first", "median", "max", "last"))
            + f"; {facts[name]['slope']:+.2f}",
            flush=True,
        )
    bench.rows.append({"name": "soak", "seconds": lasted, "cpu": cpu_s, "goal": "flat", "samples": samples, **facts})
