"""The part `endurance` of tests/bench/run: many records through one long-lived processor, and what memory it takes
meanwhile.

Only on request (BENCH_ONLY=endurance) and only on a broker with retention by size (BROKERS): the embedded one drops
what is not read at once. Rounds of a million records go through sf-datagen | sf-producer while the query runs; a
round begins when the one before the last has been read, so that neither the topic nor the lag grows. It is the real
file's number of records, several times over: then the groups are all there early, and what grows later is no state.
"""

import json
import os
import pathlib
import re
import statistics
import subprocess
import threading
import time

FILE = 199999
FILES = 5
ROUND = FILES * FILE
PARTITIONS = 4
# Of a partition: more than two rounds, which may be unread, and few enough for any disk.
RETENTION = ["retention.ms=-1", f"retention.bytes={1 << 29}", f"segment.bytes={1 << 26}"]
SAMPLE_S = 0.5
LIMIT_S = 120  # without any progress


def resident_mb(pid):
    """(now, peak)"""
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return tuple(int(re.search(rf"^{name}:\s+(\d+) kB", text, re.M).group(1)) / 1024 for name in ("VmRSS", "VmHWM"))


class Reader(threading.Thread):
    """Follows a processor: its progress file and its memory."""

    def __init__(self, process, progress):
        super().__init__(daemon=True)
        self.process, self.progress = process, progress
        self.records = self.batches = self.groups = 0
        self.samples = []  # (records read by then, MB)
        self.peak = 0.0
        self.done = threading.Event()

    def run(self):
        with open(self.progress, encoding="utf-8") as lines:
            rest = ""
            while not self.done.wait(SAMPLE_S):
                rest += lines.read()
                *whole, rest = rest.split("\n")
                for report in map(json.loads, whole):
                    if report["numInputRows"]:
                        self.records += report["numInputRows"]
                        self.batches += 1
                        self.groups = report["stateOperators"][0]["numRowsTotal"]
                try:
                    now, self.peak = resident_mb(self.process.pid)
                except (OSError, AttributeError):
                    return  # it has ended
                if self.records:
                    self.samples.append((self.records, now))

    def wait_for(self, records):
        seen, deadline = self.records, time.monotonic() + LIMIT_S
        while self.records < records:
            if self.process.poll() is not None:
                raise RuntimeError(f"the processor ended with {self.process.returncode}")
            if self.records > seen:
                seen, deadline = self.records, time.monotonic() + LIMIT_S
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.records} of {records} records after {LIMIT_S} s without progress")
            time.sleep(0.05)


def send_round(bench, brokers, topic):
    with subprocess.Popen(
        [bench.BIN / "sf-producer", "-b", brokers, "-t", topic, "--log-level", "warn", "-"], stdin=subprocess.PIPE
    ) as producer:
        for _ in range(FILES):
            subprocess.run(
                [bench.BIN / "sf-datagen", "-n", str(FILE), "--seed", "1", "--format", "jsonl"],
                stdout=producer.stdin,
                check=True,
            )
        producer.stdin.close()
        if producer.wait() != 0:
            raise RuntimeError(f"the producer ended with {producer.returncode}")


def median_of(samples, begin, end):
    return statistics.median(mb for records, mb in samples if begin <= records <= end)


def endurance(bench, data, work, wanted):
    brokers = os.environ.get("BROKERS")
    total = ROUND if bench.SMOKE else int(os.environ.get("BENCH_ENDURANCE", "50000000"))
    rounds = max(1, round(total / ROUND))
    if not brokers:
        bench.fail("endurance: it needs a broker that keeps what is not read yet: BROKERS")
        return
    topic, tool = f"bench-endurance-{os.getpid()}", bench.TOOLS / "kafka_tool"
    subprocess.run(
        [tool, "-b", brokers, "create-topic", topic, str(PARTITIONS), *RETENTION], check=True, stdout=subprocess.DEVNULL
    )
    progress = work / "endurance-progress"
    progress.touch()
    path = bench.config(work / "endurance.properties", brokers, topic, bench.COUNT, work / "endurance-checkpoint")
    # As somebody would run it for days: the page is there, and batches follow each other.
    text = (
        path.read_text()
        .replace("spark.ui.enabled = false", "spark.ui.port = 0")
        .replace("trigger = availableNow", "trigger = 100 milliseconds")
    )
    path.write_text(text)
    output = open(work / "endurance-out", "wb")
    process = subprocess.Popen(
        [bench.BIN / "sf-processor", "--config", path, "--log-level", "error", "--progress-file", progress],
        stdout=output,
        stdin=subprocess.DEVNULL,
    )
    reader = Reader(process, progress)
    reader.start()
    try:
        began = time.monotonic()
        for i in range(rounds):
            reader.wait_for((i - 1) * ROUND)
            send_round(bench, brokers, topic)
        reader.wait_for(rounds * ROUND)
        spent = time.monotonic() - began
        time.sleep(2 * SAMPLE_S)
        report(bench, reader, rounds * ROUND, spent)
    except (RuntimeError, TimeoutError, subprocess.CalledProcessError) as wrong:
        bench.fail(f"endurance: {wrong}")
    finally:
        reader.done.set()
        reader.join()
        process.terminate()
        process.wait()
        output.close()
        subprocess.run([tool, "-b", brokers, "delete-topic", topic], check=True, stdout=subprocess.DEVNULL)
    if process.returncode != 0:
        bench.fail(f"endurance: the processor ended with {process.returncode}")


def report(bench, reader, records, spent):
    if reader.records != records:
        bench.fail(f"endurance: {reader.records} records were counted instead of {records}")
    resident = [mb for _, mb in reader.samples]
    early, late = median_of(reader.samples, records * 0.1, records * 0.4), median_of(
        reader.samples, records * 0.7, records
    )
    facts = {
        "records": records,
        "batches": reader.batches,
        "groups": reader.groups,
        "seconds": spent,
        "records_per_second": records / spent,
        "first": resident[0],
        "median": statistics.median(resident),
        "last": resident[-1],
        "max": max(resident),
        "peak": reader.peak,
        "early": early,
        "late": late,
        "samples": reader.samples,
    }
    bench.rows.append({"name": "endurance", "unit": "MB", "goal": "flat", **facts})
    print(
        f"{records:,} records in {reader.batches:,} batches, {reader.groups:,} groups, "
        f"through {PARTITIONS} partitions, "
        f"{spent:.0f} s, {records / spent:,.0f} records/s with "
        f"generator, producer and broker beside it\n    resident MB: first {resident[0]:.1f}, "
        f"median {statistics.median(resident):.1f}, last "
        f"{resident[-1]:.1f}, greatest of {len(resident)} samples {max(resident):.1f} "
        f"(kernel's peak {reader.peak:.1f}); "
        f"median of the second to fourth tenth {early:.1f}, of the last three {late:.1f}, goal: no growth",
        flush=True,
    )
