// What the pages say equals what the API, the console, the log and the broker say. Nothing arrives meanwhile.
import { check, ensure, equal, facts, number, table, withPage } from "./harness.mjs";
import { PAGES } from "./every_page.mjs";

const QUERIES = ["crimes", "by_hour", "by_disposition", "hourly"];
const sum = (list) => list.reduce((a, b) => a + b, 0);
// Both sides are rounded, the page's from the exact value.
const near = (shown, exact, decimals, what) => ensure(Math.abs(number(shown) - exact) <= 0.5001 * 10 ** -decimals, `${what}: ${shown}, wanted ${exact}`);

// The last table on standard output: its header and its rows.
function lastTable(text) {
  const batches = text.split(/^Batch: (\d+)$/m);
  const lines = batches.at(-1).split("\n").filter((line) => line.startsWith("|"));
  return { batch: Number(batches.at(-2)), rows: lines.slice(1).map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim())) };
}

// The progress records in the log, whole.
function logged(text) {
  const found = [];
  for (const part of text.split("Streaming query made progress: ").slice(1)) found.push(JSON.parse(/^\{[\s\S]*?^\}/m.exec(part)[0]));
  return found;
}

async function results(pipeline) {
  const label = (what) => `${pipeline.kind}: ${what}`;
  await check(label("result: equals API and console output, row by row"), async () => {
    const api = await pipeline.json("/api/v1/table?query=crimes&limit=100000");
    const printed = lastTable(pipeline.read("processor.out"));
    equal(printed.rows.map(([name, count]) => [name, Number(count)]), api.rows.map(([name, count]) => [name.trim(), count]), "console and API");
    equal(sum(api.rows.map((row) => row[1])), pipeline.produced, "sum of the counts");
    const all = [];
    for (let at = 1; all.length < api.rows.length; at++)
      await withPage(pipeline, `/result/?query=crimes&page=${at}`, {}, async (page) => {
        const rows = await table(page, "#result");
        ensure(rows.length > 0, `page ${at} has no row`);
        all.push(...rows.map((row) => [row.original_crime_type_name, number(row.count)]));
        ensure((await page.locator("main").innerText()).includes(`batch ${printed.batch}`), "another batch than the console's");
      });
    equal(all, api.rows, "result");
  });
  for (const name of ["by_hour", "by_disposition"]) {
    await check(label(`result: ${name} equals the API`), async () => {
      const api = await pipeline.json(`/api/v1/table?query=${name}&limit=100`);
      await withPage(pipeline, `/result/?query=${name}`, {}, async (page) => {
        const shown = await page.locator("#result tbody tr").evaluateAll((rows) => rows.map((row) => [...row.cells].map((cell) => cell.textContent)));
        const text = (value) => {
          if (value === null) return "NULL";
          if (typeof value === "object") return `{${Object.values(value).map(text).join(", ")}}`;
          return String(value).replace(/^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)\.000Z$/, "$1 $2");
        };
        equal(shown.map((row) => row.map((cell) => cell.replace(/(?<=\d),(?=\d{3}\b)/g, ""))), api.rows.map((row) => row.map(text)), name);
      });
    });
  }
}

async function overview(pipeline) {
  for (const name of QUERIES) {
    await check(`${pipeline.kind}: overview: ${name} equals the API`, () =>
      withPage(pipeline, "/", {}, async (page) => {
        const api = await pipeline.progress(name);
        const last = api.history.at(-1);
        const shown = await facts(page, name);
        equal(number(shown["Rows read"]), api.inputRows, "rows read");
        equal(api.inputRows, pipeline.produced, "rows read and produced");
        equal(number(shown.Lag), api.lag, "lag");
        equal(number(shown.Batch), last.batchId, "batch");
        equal(number(shown["Rows in batch"]), last.numInputRows, "rows in batch");
        equal(number(shown["Bad records"]), api.badRecords, "bad records");
        equal(number(shown["State rows"]), last.stateRows, "state rows");
        near(shown.Input, last.inputRowsPerSecond, 1, "input");
        near(shown.Process, last.processedRowsPerSecond, 1, "process");
        ensure(last.batchDuration >= 1000 || number(shown["Batch duration"]) === last.batchDuration, `duration ${shown["Batch duration"]}`);
      }),
    );
  }
}

async function batches(pipeline) {
  const label = (what) => `${pipeline.kind}: ${what}`;
  await check(label("batches: every row equals the API"), async () => {
    const { history } = await pipeline.progress("crimes", 1000);
    await withPage(pipeline, PAGES.batches, {}, async (page) => {
      const rows = await table(page, "#batches");
      const newest = history.reverse().slice(0, rows.length);
      ensure(rows.length >= 10, `${rows.length} rows`);
      equal(rows.map((row) => number(row.Batch)), newest.map((batch) => batch.batchId), "batches");
      equal(rows.map((row) => number(row["Input Rows"])), newest.map((batch) => batch.numInputRows), "input rows");
      equal(rows.map((row) => number(row["Duration, ms"])), newest.map((batch) => batch.batchDuration), "durations");
      equal(rows.map((row) => number(row["State Rows"])), newest.map((batch) => batch.stateRows), "state rows");
      rows.forEach((row) => equal(number(row.to) - number(row["Offsets from"]), number(row["Input Rows"]), `offsets of batch ${row.Batch}`));
      rows.slice(1).forEach((row, i) => equal(number(row.to), number(rows[i]["Offsets from"]), "one batch begins where the one before ended"));
    });
  });
  await check(label("batch: its raw progress is what the log says, its offsets are the progress's"), async () => {
    const { history } = await pipeline.progress("crimes", 5);
    const { batchId } = history[0];
    await withPage(pipeline, `/batches/batch?query=crimes&batch=${batchId}`, {}, async (page) => {
      const texts = await page.locator("pre").allTextContents();
      const raw = JSON.parse(texts.find((text) => text.includes('"durationMs"')));
      const inLog = logged(pipeline.read("processor.err")).find((record) => record.name === "crimes" && record.batchId === batchId && record.numInputRows > 0);
      equal(raw, inLog, "raw progress");
      const offsets = await table(page, "#offsets");
      const of = (row) => [row.Partition, number(row.From), number(row.To)];
      const [source] = raw.sources;
      equal(offsets.filter((row) => row.Partition !== "").map(of).filter(([partition]) => partition !== "Total"),
        Object.entries(source.endOffset[pipeline.topic]).map(([partition, end]) => [partition, source.startOffset[pipeline.topic][partition], end]), "offsets");
    });
  });
}

async function queries(pipeline) {
  await check(`${pipeline.kind}: streaming queries: equal Spark's API`, async () => {
    const [application] = await pipeline.json("/api/v1/applications");
    const api = await pipeline.json(`/api/v1/applications/${application.id}/sql/streamingqueries`);
    await withPage(pipeline, "/StreamingQuery/", {}, async (page) => {
      const rows = await table(page, "#active");
      equal(rows.length, QUERIES.length, "rows");
      for (const row of rows) {
        const query = api.find((one) => one.name === row.Name);
        equal([row.ID, row["Run ID"]], [query.id, query.runId], row.Name);
        const brief = await pipeline.progress(row.Name);
        equal(number(row["Latest Batch"]), brief.history.at(-1).batchId, `latest batch of ${row.Name}`);
        equal(number(row.Lag), brief.lag, `lag of ${row.Name}`);
        const { history } = await pipeline.progress(row.Name, 1000);
        const mean = (key) => sum(history.map((batch) => batch[key] ?? 0)) / history.length;
        near(row["Avg Input /sec"], mean("inputRowsPerSecond"), 1, `average input of ${row.Name}`);
        near(row["Avg Process /sec"], mean("processedRowsPerSecond"), 1, `average process of ${row.Name}`);
      }
    });
  });
}

async function statistics(pipeline) {
  await check(`${pipeline.kind}: statistics: the numbers of the charts equal the API`, async () => {
    const { history } = await pipeline.progress("hourly", 1000);
    await withPage(pipeline, "/StreamingQuery/statistics?query=hourly&last=1000", {}, async (page) => {
      const rows = (await table(page, "#numbers")).reverse();
      equal(rows.map((row) => number(row.Batch)), history.map((batch) => batch.batchId), "batches");
      equal(rows.map((row) => number(row["Input Rows"])), history.map((batch) => batch.numInputRows), "input rows");
      equal(rows.map((row) => number(row["Batch Duration, ms"])), history.map((batch) => batch.batchDuration), "durations");
      rows.forEach((row, i) => near(row["addBatch, ms"], history[i].durationMs.addBatch, 1, `addBatch of batch ${row.Batch}`));
      equal(rows.map((row) => number(row["State Rows"])), history.map((batch) => batch.stateRows), "state rows");
      equal(rows.map((row) => number(row["State Memory, bytes"])), history.map((batch) => batch.stateBytes), "state memory");
      const [application] = await pipeline.json("/api/v1/applications");
      const { runId } = await pipeline.progress("hourly");
      const whole = await pipeline.json(`/api/v1/applications/${application.id}/sql/streamingqueries/${runId}/progress?last=1000`);
      equal(rows.map((row) => number(row.Dropped)), whole.map((batch) => batch.stateOperators[0].numRowsDroppedByWatermark), "dropped by the watermark");
      ensure(sum(rows.map((row) => number(row.Dropped))) > 0, "nothing was late");
    });
  });
}

async function others(pipeline) {
  const label = (what) => `${pipeline.kind}: ${what}`;
  await check(label("source: partitions equal API and broker"), async () => {
    const highs = await pipeline.highs();
    for (const name of QUERIES) {
      const [api] = (await pipeline.json(`/api/v1/source?query=${name}`)).queries;
      await withPage(pipeline, `/source/?query=${name}`, {}, async (page) => {
        const rows = (await table(page, "#partitions")).filter((row) => row.Topic === pipeline.topic);
        equal(rows.map((row) => number(row.High)), highs, "high, as the broker says");
        for (const [head, key] of [["Partition", "partition"], ["Low", "low"], ["Committed", "committed"], ["High", "high"], ["Lag", "lag"]])
          equal(rows.map((row) => number(row[head])), api.partitions.map((one) => one[key]), `${name}: ${head}`);
        equal(sum(rows.map((row) => number(row["Rows read"]))), pipeline.produced, "rows read");
      });
    }
  });
  await check(label("plan: operators, and rows of this run"), async () => {
    const api = await pipeline.progress("by_disposition");
    await withPage(pipeline, PAGES.plan, {}, async (page) => {
      const text = await page.locator("main").innerText();
      for (const word of ["radio_code", "LEFT JOIN", "Aggregate"]) ensure(text.toLowerCase().includes(word.toLowerCase()), `no word of ${word}`);
      const shown = await facts(page);
      equal(number(shown["Read from the source"]), api.inputRows, "read");
      equal(number(shown["Written to the sink"]), api.outputRows, "written");
    });
  });
  await check(label("environment: settings with origin equal the API"), async () => {
    const [application] = await pipeline.json("/api/v1/applications");
    const api = await pipeline.json(`/api/v1/applications/${application.id}/environment`);
    await withPage(pipeline, "/environment/", {}, async (page) => {
      const rows = await table(page, "#settings");
      const named = (name) => rows.find((row) => row.Name.toLowerCase() === name.toLowerCase());
      for (const [name, value] of api.sparkProperties) ensure(!named(name) || named(name).Value === value, `${name}: ${named(name)?.Value}, wanted ${value}`);
      ensure(named("query.crimes.trigger").Value === "200 milliseconds", "the trigger");
      ensure(named("query.crimes.trigger").Origin.includes("test.properties"), `origin ${named("query.crimes.trigger").Origin}`);
      ensure(named("source.calls.failOnDataLoss").Origin.includes("shipped.properties"), "origin of a shipped setting");
      const libraries = (await table(page, "#libraries")).map((row) => row.Name).join();
      for (const name of ["librdkafka", "jansson", "libmicrohttpd"]) ensure(libraries.includes(name), `${name} is not among ${libraries}`);
    });
  });
  await check(label("executors: equal the API"), async () => {
    const [application] = await pipeline.json("/api/v1/applications");
    const [api] = await pipeline.json(`/api/v1/applications/${application.id}/executors`);
    await withPage(pipeline, "/executors/", {}, async (page) => {
      const text = await page.locator("main").innerText();
      ensure(text.includes(api.id) && text.includes("Active"), "the driver");
      ensure(number((await facts(page)).Cores) === api.totalCores, `${(await facts(page)).Cores} cores, wanted ${api.totalCores}`);
    });
  });
}

export async function numbers(pipeline) {
  await results(pipeline);
  await overview(pipeline);
  await batches(pipeline);
  await queries(pipeline);
  await statistics(pipeline);
  await others(pipeline);
}
