// Two thousand batches seen by tabs that stay open: heap and nodes do not grow.
import { check, close, ensure, live, note, nothingWrong, open } from "./harness.mjs";
import { until } from "./limits.mjs";

const WARM = 400; // by then the retained batches are as many as they will ever be
const BATCHES = 2000;
const RECORDS = 10000; // a batch each, some of which are done before the tabs are open

// Of a page that rests: while it asks for itself anew there are two of it. Nodes of pages past go when the collector
// finds them.
async function measure(page) {
  const session = await page.context().newCDPSession(page);
  await page.locator("#pause").click();
  await session.send("HeapProfiler.enable");
  const sample = async () => {
    await session.send("HeapProfiler.collectGarbage");
    const { usedSize } = await session.send("Runtime.getHeapUsage");
    const { nodes, jsEventListeners } = await session.send("Memory.getDOMCounters");
    return { heap: usedSize, nodes, listeners: jsEventListeners };
  };
  let least = await sample();
  for (let same = 0, tries = 0; same < 3 && tries < 50; tries++) {
    const next = await sample();
    same = next.nodes === least.nodes && Math.abs(next.heap - least.heap) < 20000 ? same + 1 : 0;
    least = next;
  }
  await session.detach();
  await page.locator("#pause").click();
  await live(page);
  return least;
}

export async function memory(pipeline) {
  await pipeline.broker(1); // a batch takes at least a record of each partition
  await pipeline.data(RECORDS);
  await pipeline.produce(RECORDS);
  await pipeline.processor([
    "spark.sql.streaming.numRecentProgressUpdates = 200",
    "source.calls.maxOffsetsPerTrigger = 1",
    "query.crimes.trigger = 4 milliseconds", // without a pace all would be done before the tabs are open
    "query.crimes.format = noop",
    "query.by_hour.trigger = 1 hour",
    "query.by_disposition.trigger = 1 hour",
  ]);
  const batch = async () => (await pipeline.progress("crimes")).history.at(-1)?.batchId ?? -1;
  const pages = { overview: "/", statistics: "/StreamingQuery/statistics?query=crimes" };
  const tabs = [];
  let begun = 0;
  await check(`memory: ${BATCHES} batches leave the tabs' memory flat`, async () => {
    for (const path of Object.values(pages)) tabs.push(await open(pipeline, path));
    for (const tab of tabs) await live(tab);
    await until(`batch ${WARM}`, 120, async () => (await batch()) >= WARM);
    const samples = tabs.map(() => []);
    for (const share of [0, 0.5, 1]) {
      begun ||= await batch();
      await until(`batch ${begun + share * BATCHES}`, 120, async () => (await batch()) >= begun + share * BATCHES);
      for (const [i, tab] of tabs.entries()) samples[i].push(await measure(tab));
    }
    const wrong = [];
    for (const [i, list] of samples.entries()) {
      const name = Object.keys(pages)[i];
      const row = (key) => list.map((sample) => sample[key]).join(" -> ");
      note(`memory of ${name} over ${BATCHES} batches: heap ${list.map((sample) => (sample.heap / 1024).toFixed(0)).join(" -> ")} KiB, ` +
        `nodes ${row("nodes")}, listeners ${row("listeners")}`);
      // Room for labels that come and go and for code compiled meanwhile. One table row left behind a batch would be
      // 50,000 nodes.
      const [first, , last] = list;
      if (last.heap > first.heap + 500000) wrong.push(`${name}: heap ${row("heap")}`);
      if (last.nodes > first.nodes * 1.1 + 200) wrong.push(`${name}: nodes ${row("nodes")}`);
      if (last.listeners > first.listeners) wrong.push(`${name}: listeners ${row("listeners")}`);
      nothingWrong(tabs[i]);
    }
    ensure(wrong.length === 0, wrong.join("\n"));
  }, 450);
  for (const tab of tabs) await close(tab);
}
