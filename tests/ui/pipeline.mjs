// A pipeline of the built programs: broker, producer, processor. Everything on loopback, in a temporary directory, ended by process id.
import { spawn } from "node:child_process";
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const bin = join(process.env.BUILD, "bin");
export const HOSTILE = "<img src=x onerror=\"document.title='owned'\">";

const SCHEMA =
  "crime_id STRING, original_crime_type_name STRING, report_date STRING, call_date STRING, offense_date STRING, call_time STRING, " +
  "call_date_time TIMESTAMP, disposition STRING, address STRING, city STRING, state STRING, agency_id STRING, address_type STRING, " +
  "common_location STRING";

export async function until(what, seconds, check) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    try {
      const value = await check();
      if (value) return value;
    } catch (error) {
      if (Date.now() > end) throw new Error(`${what}: ${error.message}`);
    }
    if (Date.now() > end) throw new Error(`waited ${seconds} s in vain: ${what}`);
    await new Promise((done) => setTimeout(done, 25));
  }
}

export class Pipeline {
  constructor() {
    this.dir = mkdtempSync(join(tmpdir(), "sf-ui."));
    this.children = [];
  }

  path(name) {
    return join(this.dir, name);
  }

  read(name) {
    return readFileSync(this.path(name), "utf8");
  }

  start(name, program, args) {
    const child = spawn(join(bin, program), args, {
      stdio: ["ignore", openSync(this.path(`${name}.out`), "w"), openSync(this.path(`${name}.err`), "w")],
    });
    child.ended = new Promise((done) => child.on("exit", (code) => done(code)));
    this.children.push(child);
    return child;
  }

  async run(name, program, args) {
    const code = await this.start(name, program, args).ended;
    if (code !== 0) throw new Error(`${program} ended with ${code}: ${this.read(`${name}.err`).slice(-500)}`);
    return this.read(`${name}.out`);
  }

  // `records` calls, one of which has a category that is markup and another a record that is no JSON at all.
  async data(records) {
    const lines = (await this.run("datagen", "sf-datagen", ["--records", String(records), "--seed", "7", "--format", "jsonl"]))
      .trim()
      .split("\n");
    for (const at of [3, 30, 33]) {
      const call = JSON.parse(lines[at]);
      call.original_crime_type_name = HOSTILE;
      lines[at] = JSON.stringify(call);
    }
    this.lines = lines;
    this.produced = 0;
  }

  async produce(n, ...args) {
    const file = this.path(`part-${this.produced}.jsonl`);
    writeFileSync(file, this.lines.slice(this.produced, this.produced + n).join("\n") + "\n");
    this.produced += n;
    await this.run("producer", "sf-producer", ["-b", this.brokers, "-t", this.topic, ...args, file]);
  }

  async broker() {
    this.topic = "sf.crimes";
    if (process.env.BROKERS) {
      this.brokers = process.env.BROKERS;
      this.topic = `ui.${process.pid}`;
      await this.runTool(["-b", this.brokers, "create-topic", this.topic, "4"]);
      return;
    }
    this.start("broker", "sf-broker", ["--listen", "127.0.0.1:0", "--topic", "sf.crimes:4"]);
    this.brokers = await until("broker", 10, () => /127\.0\.0\.1:[0-9]+/.exec(this.read("broker.out"))?.[0]);
  }

  async runTool(args) {
    const child = spawn(join(process.env.BUILD, "release", "tools", "kafka_tool"), args, { stdio: "ignore" });
    const code = await new Promise((done) => child.on("exit", done));
    if (code !== 0) throw new Error(`kafka_tool ${args.join(" ")} ended with ${code}`);
  }

  async processor(extra = []) {
    const query = (name, sql, mode, trigger, format = "noop") => [
      `query.${name}.sql = ${sql}`,
      `query.${name}.outputMode = ${mode}`,
      `query.${name}.trigger = ${trigger}`,
      `query.${name}.format = ${format}`,
      `query.${name}.checkpointLocation = ${this.path(`checkpoint-${name}`)}`,
    ];
    const lines = [
      `kafka.bootstrap.servers = ${this.brokers}`,
      "kafka.sasl.password = canary-secret",
      `source.calls.subscribe = ${this.topic}`,
      "source.calls.startingOffsets = earliest",
      "source.calls.maxOffsetsPerTrigger = 100",
      `source.calls.schema = ${SCHEMA}`,
      "source.calls.watermark = call_date_time 60 minutes",
      "table.radio_code.path = data/radio_code.json",
      "table.radio_code.schema = disposition_code STRING, description STRING",
      "spark.ui.port = 0",
      ...query(
        "crimes",
        "SELECT original_crime_type_name, count(*) AS count FROM calls GROUP BY original_crime_type_name ORDER BY count DESC, original_crime_type_name",
        "complete",
        "200 milliseconds",
        "console",
      ),
      "query.crimes.option.numRows = 100000",
      "query.crimes.option.truncate = false",
      ...query(
        "by_hour",
        "SELECT window(call_date_time, '60 minutes') AS hour, r.description, count(*) AS count FROM calls c LEFT JOIN radio_code r ON c.disposition = r.disposition_code GROUP BY window(call_date_time, '60 minutes'), r.description",
        "update",
        "500 milliseconds",
      ),
      ...extra,
    ];
    writeFileSync(this.path("p.properties"), lines.join("\n") + "\n", { mode: 0o600 });
    this.processorChild = this.start("processor", "sf-processor", ["--config", this.path("p.properties")]);
    this.url = await until("processor", 20, () => /started at (http:\/\/[0-9.:]+)/.exec(this.read("processor.err"))?.[1]);
    await until("ready", 20, async () => (await fetch(`${this.url}/readyz`)).ok);
  }

  async json(path) {
    const answer = await fetch(this.url + path);
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    return answer.json();
  }

  async progress(name) {
    return (await this.json("/api/v1/progress?last=1")).queries.find((query) => query.name === name);
  }

  async caughtUp(rows) {
    await until(`${rows} rows read`, 60, async () =>
      (await this.json("/api/v1/progress")).queries.every((query) => query.inputRows >= rows && query.lag === 0),
    );
  }

  async end() {
    for (const child of this.children) if (child.exitCode === null) child.kill("SIGTERM");
    const late = setTimeout(() => {
      for (const child of this.children) if (child.exitCode === null) child.kill("SIGKILL");
    }, 10000);
    await Promise.all(this.children.map((child) => child.ended));
    clearTimeout(late);
    if (!process.env.KEEP) rmSync(this.dir, { recursive: true, force: true });
  }
}
