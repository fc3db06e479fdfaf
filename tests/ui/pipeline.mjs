// Broker, sf-processor, sf-producer and the data they work on, started for the browser to look at. Everything listens
// on loopback, lives in a directory of its own and is ended by end().
import { spawn } from "node:child_process";
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PATIENCE_S, until, within } from "./limits.mjs";

const bin = join(process.env.BUILD, "bin");
const kafkaTool = join(process.env.BUILD, "release", "tools", "kafka_tool");

// A category that is markup. If it ever ran, the title would change and an image would be asked for.
export const HOSTILE = "<img src=x onerror=\"document.title='owned'\">";
export const CANARY = "canary-secret";
const RUN_S = 60; // for a program that works something off

// The shipped configuration with its examples of further queries switched on.
function shipped() {
  const text = readFileSync("config/sf-processor.properties", "utf8");
  return text.replace(/^#(query\.by_(?:hour|disposition)\..*(?:\n# {4}.*)*)/gm, (match, lines) => lines.replace(/^#/gm, ""));
}

export class Pipeline {
  // brokers: of an Apache Kafka that runs already; without it an embedded broker is started.
  constructor(brokers) {
    this.dir = mkdtempSync(join(tmpdir(), "sf-ui."));
    this.children = [];
    this.brokers = brokers;
    this.kind = brokers ? "kafka" : "embedded";
  }

  path(name) {
    return join(this.dir, name);
  }

  read(name) {
    return readFileSync(this.path(name), "utf8");
  }

  start(name, program, args, stdout) {
    const child = spawn(program.includes("/") ? program : join(bin, program), args, {
      stdio: ["ignore", stdout ?? openSync(this.path(`${name}.out`), "w"), openSync(this.path(`${name}.err`), "w")],
    });
    child.ended = new Promise((done) => {
      child.on("exit", (code, signal) => done(code ?? signal));
      child.on("error", (error) => done(error.message));
    });
    this.children.push(child);
    return child;
  }

  // How a child ended; one that is late is killed.
  async ending(child, what, seconds) {
    try {
      return await within(seconds, `the end of ${what}`, child.ended);
    } catch (error) {
      child.kill("SIGKILL");
      throw error;
    }
  }

  async run(name, program, args) {
    const child = this.start(name, program, args);
    const code = await this.ending(child, `${program} ${args[0]}`, RUN_S);
    if (code !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${code}: ${this.read(`${name}.err`).slice(-500)}`);
    return this.read(`${name}.out`);
  }

  // --- broker and data ---

  async broker(partitions = 4) {
    this.topic = `ui.crimes.${process.pid}`;
    if (this.brokers) {
      await this.run("topic", kafkaTool, ["-b", this.brokers, "create-topic", this.topic, String(partitions)]);
      return;
    }
    this.start("broker", "sf-broker", ["--listen", "127.0.0.1:0", "--topic", `${this.topic}:${partitions}`]);
    this.brokers = await until("broker", PATIENCE_S, () => /127\.0\.0\.1:[0-9]+/.exec(this.read("broker.out"))?.[0]);
  }

  // So many calls to be produced from; every twelfth has the category that is markup, so that it is the most frequent
  // one.
  async data(records) {
    const args = ["--records", String(records), "--seed", "7", "--format", "jsonl"];
    this.lines = (await this.run("datagen", "sf-datagen", args)).trim().split("\n");
    for (let at = 3; at < this.lines.length; at += 12) {
      const call = JSON.parse(this.lines[at]);
      call.original_crime_type_name = HOSTILE;
      this.lines[at] = JSON.stringify(call);
    }
    this.produced = 0;
  }

  // Begin to send the next calls; the producer's `ended` tells when they are acknowledged.
  producing(n, ...args) {
    const lines = this.lines.slice(this.produced, this.produced + n);
    if (lines.length !== n) throw new Error("not enough data");
    const file = this.path(`part-${this.produced}.jsonl`);
    writeFileSync(file, `${lines.join("\n")}\n`);
    this.produced += n;
    return this.start("producer", "sf-producer", ["-b", this.brokers, "-t", this.topic, ...args, file]);
  }

  async produce(n, ...args) {
    const code = await this.ending(this.producing(n, ...args), "sf-producer", RUN_S);
    if (code !== 0) throw new Error(`sf-producer ended with ${code}: ${this.read("producer.err").slice(-500)}`);
  }

  // Bytes as they are into one partition: what the producer would refuse.
  async produceRaw(partition, text) {
    writeFileSync(this.path("raw.jsonl"), `${JSON.stringify({ p: partition, k: null, v: text })}\n`);
    await this.run("raw", kafkaTool, ["-b", this.brokers, "produce-jsonl", this.path("raw.jsonl"), this.topic]);
    this.produced++;
  }

  // The end of each partition, as the broker tells it.
  async highs() {
    const lines = await this.run("offsets", kafkaTool, ["-b", this.brokers, "list-offsets", this.topic]);
    return lines.trim().split("\n").map((line) => Number(line.split(" ")[3]));
  }

  // End a producer before its time, and count what arrived.
  async interrupt(producer) {
    producer.kill("SIGTERM");
    await this.ending(producer, "sf-producer after SIGTERM", RUN_S);
    this.produced = (await this.highs()).reduce((a, b) => a + b, 0);
  }

  // --- processor ---

  // The shipped configuration, and lines that win over it.
  async processor(lines, { stdout } = {}) {
    writeFileSync(this.path("shipped.properties"), shipped());
    writeFileSync(
      this.path("test.properties"),
      [
        `kafka.bootstrap.servers = ${this.brokers}`,
        `kafka.sasl.password = ${CANARY}`,
        "spark.ui.port = 0",
        `spark.sql.streaming.checkpointLocation = ${this.path("checkpoints")}`,
        `source.calls.subscribe = ${this.topic}`,
        ...lines,
        "",
      ].join("\n"),
      { mode: 0o600 },
    );
    const args = ["--config", this.path("shipped.properties"), "--config", this.path("test.properties")];
    this.processorChild = this.start("processor", "sf-processor", args, stdout);
    this.url = await until("the processor's address", PATIENCE_S, () => {
      if (this.processorChild.exitCode !== null) throw new Error(this.read("processor.err").slice(-500));
      return /started at (http:\/\/[0-9.:]+)/.exec(this.read("processor.err"))?.[1];
    });
    await until("ready", PATIENCE_S, async () => (await this.fetch("/readyz")).ok);
  }

  async fetch(path) {
    return within(PATIENCE_S, `GET ${path}`, fetch(this.url + path, { signal: AbortSignal.timeout(PATIENCE_S * 1000) }));
  }

  async text(path) {
    return (await this.fetch(path)).text();
  }

  async json(path) {
    const answer = await this.fetch(path);
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    return answer.json();
  }

  async progress(name, last = 1) {
    return (await this.json(`/api/v1/progress?query=${name}&last=${last}`)).queries[0];
  }

  // Until every query has read everything that was produced, the page's sampler knows it, and nothing is left to do: a
  // watermark that moved is worth a batch of its own.
  async caughtUp() {
    await until(`${this.produced} rows read`, PATIENCE_S, async () =>
      (await this.json("/api/v1/progress")).queries.every((query) => query.inputRows === this.produced && query.lag === 0 && query.status === "idle"),
    );
  }

  async end() {
    for (const child of this.children) if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
    const late = setTimeout(() => {
      for (const child of this.children) if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    }, 5000);
    await Promise.all(this.children.map((child) => child.ended));
    clearTimeout(late);
    if (process.env.KEEP) console.log(`# kept: ${this.dir}`);
    else rmSync(this.dir, { recursive: true, force: true });
  }
}
