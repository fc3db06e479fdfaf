// The order of the checks. See tests/ui/run; ONLY=embedded, memory, failure, states or kafka runs one group alone.
import { dashboards } from "./dashboards.mjs";
import { everyPage, everyPageAtRest, weights } from "./every_page.mjs";
import { failure } from "./failure.mjs";
import { check, counts, failed, launch, leave, note, shots, skip, slowest, stop } from "./harness.mjs";
import { unfinished } from "./limits.mjs";
import { memory } from "./memory.mjs";
import { numbers } from "./numbers.mjs";
import { Pipeline } from "./pipeline.mjs";
import { states } from "./states.mjs";
import { delay, liveness, stopped, use } from "./use.mjs";

const pipelines = [];

// Three shipped queries at a quicker pace, and one with a watermark over the same topic.
function settings(topic) {
  const schema = "crime_id STRING, original_crime_type_name STRING, call_date_time TIMESTAMP, disposition STRING";
  return [
    "source.calls.maxOffsetsPerTrigger = 100",
    "query.crimes.trigger = 200 milliseconds",
    "query.crimes.option.numRows = 100000",
    "query.crimes.option.truncate = false",
    "query.by_hour.trigger = 500 milliseconds",
    "query.by_hour.format = noop",
    "query.by_disposition.trigger = 500 milliseconds",
    "query.by_disposition.format = noop",
    `source.timed.subscribe = ${topic}`,
    "source.timed.startingOffsets = earliest",
    "source.timed.maxOffsetsPerTrigger = 100",
    `source.timed.schema = ${schema}`,
    "source.timed.watermark = call_date_time 60 minutes",
    "query.hourly.sql = SELECT window(call_date_time, '60 minutes') AS hour, r.description, count(*) AS count FROM timed t " +
      "LEFT JOIN radio_code r ON t.disposition = r.disposition_code GROUP BY window(call_date_time, '60 minutes'), r.description",
    "query.hourly.outputMode = update",
    "query.hourly.trigger = 500 milliseconds",
    "query.hourly.format = noop",
  ];
}

// A pipeline of its own for a group of checks; what keeps the group from running counts as a failed check and stops
// nothing else.
async function group(name, work) {
  if (process.env.ONLY && process.env.ONLY !== name) return;
  try {
    await work();
  } catch (error) {
    failed(`${name}: runs`, error.stack);
  }
}

function fresh(brokers) {
  const pipeline = new Pipeline(brokers);
  pipelines.push(pipeline);
  return pipeline;
}

async function running(pipeline) {
  await pipeline.broker();
  await pipeline.data(6000);
  await pipeline.processor(settings(pipeline.topic));
  await pipeline.produce(1000);
  await pipeline.caughtUp();
}

// Everything, on the embedded broker.
async function complete(pipeline) {
  const producer = pipeline.producing(3000, "--rate", "40");
  await everyPage(pipeline, { complete: true });
  await pipeline.interrupt(producer);
  await pipeline.caughtUp();
  await everyPageAtRest(pipeline);
  await numbers(pipeline);
  await dashboards(pipeline);
  await use(pipeline);
  await stopped(pipeline);
}

// What depends on the broker.
async function kafka() {
  if (!process.env.KAFKA_BROKERS) {
    skip("kafka: pages on Apache Kafka", "KAFKA_BROKERS is not set");
    return;
  }
  const pipeline = fresh(process.env.KAFKA_BROKERS);
  await running(pipeline);
  await everyPage(pipeline, { complete: false });
  await numbers(pipeline);
  await liveness(pipeline);
  await stopped(pipeline);
}

let finishing = false;

// Ends what was started, and tells how it went.
async function finish() {
  if (finishing) return;
  finishing = true;
  stop();
  await leave();
  await Promise.all(pipelines.map((pipeline) => pipeline.end()));
  for (const slow of slowest(3)) note(`slowest: ${slow}`);
  note(`screenshots: ${shots}; ${((Date.now() - started) / 1000).toFixed(0)} s`);
  console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  process.exit(counts.failed > 0 || counts.passed === 0 ? 1 : 0);
}

const started = Date.now();
const limit = Number(process.env.LIMIT_S || 900);
setTimeout(() => {
  failed(`done within ${limit} s`, unfinished().join("\n") || "between two checks");
  finish();
}, limit * 1000).unref();
for (const event of ["uncaughtException", "unhandledRejection"])
  process.on(event, (error) => {
    failed(`no ${event}`, error.stack);
    finish();
  });
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
  process.on(signal, () => {
    failed(`not ended by ${signal}`, unfinished().join("\n") || "between two checks");
    finish();
  });

try {
  await launch();
  const main = fresh();
  let ready = false;
  // What is measured comes first and alone.
  await group("embedded", async () => {
    await running(main);
    await weights(main);
    await delay(main);
    ready = true;
  });
  await Promise.all([
    group("embedded", () => ready && complete(main)),
    (async () => {
      await group("memory", () => memory(fresh()));
      await group("failure", () => failure(fresh()));
      await group("states", () => states(fresh()));
      await group("kafka", kafka);
    })(),
  ]);
} catch (error) {
  failed("the browser starts", error.stack);
}
await finish();
