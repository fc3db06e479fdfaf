// A query that dies of a malformed record: every page says so, with topic, partition, offset and text, while the others
// finish their batch. Record, application and all are hostile: what they say is shown as text.
import { closeSync, constants, openSync, writeSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { check, ensure, equal, live, nothingWrong, shots, table, waits, withPage } from "./harness.mjs";
import { PATIENCE_S, until } from "./limits.mjs";
import { HOSTILE } from "./pipeline.mjs";
import { join } from "node:path";

const BAD = `{"crime_id": "1", "original_crime_type_name": "${HOSTILE.replaceAll('"', "'")}", `;
const PARTITION = 2;

// Until nothing more goes into the pipe.
function fill(pipe) {
  const end = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK);
  try {
    for (;;) writeSync(end, Buffer.alloc(4096));
  } catch (error) {
    if (error.code !== "EAGAIN") throw error;
  } finally {
    closeSync(end);
  }
}

async function clean(page) {
  equal(await page.locator("img, main script, [onerror]").count(), 0, "elements made from data");
  nothingWrong(page);
}

export async function failure(pipeline) {
  await pipeline.broker();
  await pipeline.data(3000);
  // Nobody reads the other query's table, so that its first batch lasts until somebody does.
  execFileSync("mkfifo", [pipeline.path("stdout")]);
  const stdout = openSync(pipeline.path("stdout"), "r+");
  fill(pipeline.path("stdout"));
  await pipeline.produce(2000);
  const offset = (await pipeline.highs())[PARTITION];
  await pipeline.processor(
    [
      "sf.stop.timeout = 5 minutes", // a failed query ends the others, but the pages are looked at first
      `spark.app.name = ${HOSTILE}`,
      "source.calls.maxOffsetsPerTrigger = 100",
      "query.crimes.trigger = 0 seconds",
      "query.crimes.option.numRows = 100000",
      "query.crimes.option.truncate = false",
      "query.by_hour.format = noop",
      "query.by_disposition.trigger = availableNow",
      "query.by_disposition.format = noop",
      `source.strict.subscribe = ${pipeline.topic}`,
      "source.strict.startingOffsets = earliest",
      "source.strict.maxOffsetsPerTrigger = 500",
      "source.strict.schema = crime_id STRING, original_crime_type_name STRING",
      "source.strict.onMalformed = fail",
      "query.strict.sql = SELECT original_crime_type_name, count(*) AS count FROM strict GROUP BY original_crime_type_name",
      "query.strict.outputMode = complete",
      "query.strict.trigger = 100 milliseconds",
      "query.strict.format = noop",
    ],
    { stdout },
  );
  const label = (what) => `failed query: ${what}`;
  const status = async (name) => (await pipeline.progress(name)).status;
  const tells = (text) => {
    ensure(text.includes(pipeline.topic), `no topic: ${text.slice(0, 300)}`);
    ensure(new RegExp(`partition\\D{0,12}${PARTITION}\\b|${pipeline.topic.replaceAll(".", "\\.")}-${PARTITION}\\b`, "i").test(text), `no partition: ${text.slice(0, 300)}`);
    ensure(new RegExp(`offset\\D{0,12}${offset}\\b`, "i").test(text), `no offset ${offset}: ${text.slice(0, 300)}`);
  };
  await until("the other queries' first batches", PATIENCE_S, async () => (await status("strict")) !== "starting" && (await pipeline.progress("strict")).inputRows === 2000);
  await until("the end of the one that ends by itself", PATIENCE_S, async () => (await status("by_disposition")) === "stopped");
  await check(label("the overview tells it live, with topic, partition and offset"), () =>
    withPage(pipeline, "/", {}, async (page) => {
      await live(page);
      await pipeline.produceRaw(PARTITION, BAD);
      await waits(page, () => [...document.querySelectorAll("section")].some((one) => /strict/.test(one.textContent) && one.querySelector(".status.failed")), undefined, PATIENCE_S);
      tells(await page.locator("section", { hasText: "strict" }).first().innerText());
      ensure((await page.title()).startsWith(`${HOSTILE} - `), `title ${await page.title()}`);
      await clean(page);
      await page.screenshot({ path: join(shots, "failed-overview-light.png"), fullPage: true });
    }),
  );
  if ((await status("strict")) !== "failed") await until("the query's end", PATIENCE_S, async () => (await status("strict")) === "failed");
  const { runId } = await pipeline.progress("strict");
  for (const [name, path] of Object.entries({
    "its own page": `/StreamingQuery/statistics?id=${runId}`,
    "streaming queries": "/StreamingQuery/",
    "bad records": "/records/",
  })) {
    await check(label(`${name}: the error with topic, partition and offset`), () =>
      withPage(pipeline, path, {}, async (page) => {
        await live(page);
        tells(await page.locator("main").innerText());
        await clean(page);
        await page.screenshot({ path: join(shots, `failed-${name.replaceAll(" ", "-")}-light.png`), fullPage: true });
      }),
    );
  }
  await check(label("active and completed queries are told apart, as Spark does"), () =>
    withPage(pipeline, "/StreamingQuery/", { javaScriptEnabled: false }, async (page) => {
      const completed = await table(page, "#completed");
      const of = (name) => completed.find((row) => row.Name === name);
      equal(of("strict").Status, "FAILED", "status of the failed one");
      equal([of("by_disposition").Status, of("by_disposition").Error], ["FINISHED", "-"], "the one that ended by itself");
      ensure((await table(page, "#active")).some((row) => row.Name === "crimes"), "the running one is not active");
    }),
  );
  await check(label("every page opens clean beside it"), async () => {
    for (const path of ["/", `/batches/?query=strict`, "/source/?query=strict", "/result/?query=strict", "/plan/?query=strict", "/environment/", "/executors/"])
      await withPage(pipeline, path, {}, async (page) => {
        await clean(page);
      });
  });
}
