// The picture in README.md: a pipeline really running, three queries, one of them behind. Run from the top of the
// clone:
//   make && (cd tests/ui && npm ci) && BUILD=$PWD/build node tests/ui/screenshot.mjs [FILE [PATH]]
// FILE is src/ui/screenshot.png unless given, PATH the page (the overview, up to the end of its first query).
import { writeFileSync } from "node:fs";
import { chromium } from "playwright-core";
import { until } from "./limits.mjs";
import { Pipeline } from "./pipeline.mjs";

const [file = "src/ui/screenshot.png", path = "/"] = process.argv.slice(2);
const WIDTH = 1280;
const SCHEMA =
  "crime_id STRING, original_crime_type_name STRING, report_date STRING, call_date STRING, offense_date STRING, call_time STRING, " +
  "call_date_time TIMESTAMP, disposition STRING, address STRING, city STRING, state STRING, agency_id STRING, address_type STRING, " +
  "common_location STRING";

const pipeline = new Pipeline();
let browser;

function query(name, sql, mode, trigger) {
  return [`sql = ${sql}`, `outputMode = ${mode}`, `trigger = ${trigger}`, "format = noop",
    `checkpointLocation = ${pipeline.path(`checkpoint-${name}`)}`].map((line) => `query.${name}.${line}`);
}

async function start() {
  await pipeline.broker();
  // Oldest first, so that a watermark has something to go by; every 37th call comes late.
  const text = await pipeline.run("datagen", "sf-datagen", ["--records", "20000", "--seed", "7", "--format", "jsonl"]);
  const calls = text.trim().split("\n").reverse();
  const lines = calls.map((call, i) => (i % 37 === 5 && i > 3000 ? calls[i - 2600] : call));
  for (const [name, from, to] of [["first", 0, 1000], ["second", 1000, 3000], ["third", 3000, 20000]])
    writeFileSync(pipeline.path(`${name}.jsonl`), `${lines.slice(from, to).join("\n")}\n`);
  const settings = [
    `kafka.bootstrap.servers = ${pipeline.brokers}`,
    `source.calls.subscribe = ${pipeline.topic}`,
    "source.calls.startingOffsets = earliest",
    "source.calls.maxOffsetsPerTrigger = 200",
    `source.calls.schema = ${SCHEMA}`,
    "source.calls.watermark = call_date_time 60 minutes",
    "table.radio_code.path = data/radio_code.json",
    "table.radio_code.schema = disposition_code STRING, description STRING",
    "spark.ui.port = 0",
    ...query("crimes", "SELECT original_crime_type_name, count(*) AS count FROM calls GROUP BY original_crime_type_name ORDER BY count DESC",
      "complete", "1 second"),
    ...query("by_hour", "SELECT window(c.call_date_time, '60 minutes') AS hour, r.description, count(*) AS count FROM calls c " +
      "JOIN radio_code r ON c.disposition = r.disposition_code GROUP BY window(c.call_date_time, '60 minutes'), r.description",
      "update", "2 seconds"),
    ...query("by_disposition", "SELECT r.description, count(*) AS count FROM calls c LEFT JOIN radio_code r " +
      "ON c.disposition = r.disposition_code GROUP BY r.description ORDER BY count DESC", "complete", "availableNow"),
  ];
  writeFileSync(pipeline.path("p.properties"), `${settings.join("\n")}\n`, { mode: 0o600 });
  await produce("first");
  pipeline.start("processor", "sf-processor", ["--config", pipeline.path("p.properties")]);
  pipeline.url = await until("processor", 20, () => /started at (http:\/\/[0-9.:]+)/.exec(pipeline.read("processor.err"))?.[1]);
}

async function produce(name, ...more) {
  await pipeline.run(`producer-${name}`, "sf-producer", ["-b", pipeline.brokers, "-t", pipeline.topic, ...more, pipeline.path(`${name}.jsonl`)]);
}

const state = async (name) => (await pipeline.json("/api/v1/progress")).queries.find((one) => one.name === name);

async function picture() {
  browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] });
  const page = await browser.newPage({ viewport: { width: WIDTH, height: 900 }, colorScheme: "light" });
  await page.goto(pipeline.url + path);
  await until("a live page", 10, async () => (await page.locator("#live").textContent()) === "live");
  const end = await page.evaluate(() => {
    const part = document.querySelector("section.query") || document.querySelector("main");
    return Math.ceil(part.getBoundingClientRect().bottom + scrollY);
  });
  await page.screenshot({ path: file, fullPage: true, clip: { x: 0, y: 0, width: WIDTH, height: end + 12 } });
}

try {
  await start();
  await produce("second", "--rate", "120"); // then a pause, to be seen as one
  await until("an idle query", 60, async () => (await state("crimes")).status === "idle" && (await state("by_hour")).lag === 0);
  const more = produce("third", "--rate", "150", "--limit", "4500");
  await until("a query that falls behind", 60, async () => (await state("by_hour")).status === "behind" && (await state("by_hour")).lag > 800);
  await picture();
  await more;
} finally {
  await browser?.close();
  await pipeline.end();
}
