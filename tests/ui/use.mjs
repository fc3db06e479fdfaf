// What a user does with pointer, keys and eyes.
import { join } from "node:path";
import { check, close, ensure, equal, facts, live, median, newContext, note, nothingWrong, number, open, shots, waits, withPage } from "./harness.mjs";
import { PATIENCE_S, until } from "./limits.mjs";

const STATISTICS = "/StreamingQuery/statistics?query=crimes";
const rowsRead = async (page) => number((await facts(page, "crimes"))["Rows read"]);
const mark = (page) => page.evaluate(() => (globalThis.mark = true));
const marked = async (page) => ensure(await page.evaluate(() => globalThis.mark === true), "the page was loaded anew");

// Whether two texts are in the order of their bytes.
const ordered = (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)) <= 0;

async function tables(pipeline) {
  const label = (what) => `${pipeline.kind}: ${what}`;
  const names = (page) => page.locator("#result tbody tr td:first-child").allTextContents();
  const sorted = (page, how) => waits(page, (want) => document.querySelector("#result th").getAttribute("aria-sort") === want, how);
  await check(label("sort: by the head, both ways, told by aria-sort, kept in the address"), () =>
    withPage(pipeline, "/result/?query=crimes", {}, async (page) => {
      await live(page);
      await mark(page);
      const head = page.locator("#result th").getByRole("link", { name: "original_crime_type_name" });
      await head.click();
      await sorted(page, "ascending");
      const up = await names(page);
      ensure(up.length === 100 && up.every((name, i) => i === 0 || ordered(up[i - 1], name)), `not ascending: ${up.slice(0, 5)}`);
      await head.click();
      await sorted(page, "descending");
      const down = await names(page);
      ensure(down.every((name, i) => i === 0 || ordered(name, down[i - 1])), `not descending: ${down.slice(0, 5)}`);
      await marked(page);
      await page.goBack();
      await sorted(page, "ascending");
      equal(await names(page), up, "after going back");
      await page.reload();
      equal(await names(page), up, "after a reload");
      nothingWrong(page);
    }),
  );
  await check(label("sort: without JavaScript, by number"), () =>
    withPage(pipeline, "/result/?query=crimes", { javaScriptEnabled: false }, async (page) => {
      const head = page.locator("#result th").getByRole("link", { name: "count", exact: true });
      await head.click();
      const counts = (await page.locator("#result tbody tr td:nth-child(2)").allTextContents()).map(number);
      ensure(counts.length === 100 && counts.every((count, i) => i === 0 || counts[i - 1] <= count), `not ascending: ${counts.slice(0, 5)}`);
    }),
  );
  await check(label("search: while typing, in any case, kept in the address, undone"), () =>
    withPage(pipeline, "/result/?query=crimes", {}, async (page) => {
      await live(page);
      await mark(page);
      const all = await names(page);
      const box = page.getByRole("searchbox");
      await box.fill("SUSPICIOUS");
      await waits(page, () => location.search.includes("q=SUSPICIOUS") && document.querySelectorAll("#result tbody tr").length < 50);
      const found = await names(page);
      const api = (await pipeline.json("/api/v1/table?query=crimes&limit=100000")).rows.map((row) => row[0]);
      equal([...found].sort(), api.filter((name) => name.toLowerCase().includes("suspicious")).sort(), "found");
      await box.fill("no such category");
      await waits(page, () => document.querySelectorAll("#result tbody tr").length === 0);
      await box.fill("");
      await waits(page, (n) => document.querySelectorAll("#result tbody tr").length === n, all.length);
      equal(await names(page), all, "after the search");
      await marked(page);
      nothingWrong(page);
    }),
  );
  await check(label("search: settings on the environment page"), () =>
    withPage(pipeline, "/environment/", {}, async (page) => {
      await live(page);
      await page.getByRole("searchbox").first().fill("watermark");
      await waits(page, () => {
        const rows = [...document.querySelectorAll("#settings tbody tr")];
        return rows.length > 0 && rows.every((row) => row.textContent.toLowerCase().includes("watermark"));
      });
    }),
  );
  await check(label("JSON and CSV beside the result say the same"), () =>
    withPage(pipeline, "/result/?query=crimes", {}, async (page) => {
      const get = async (name) => pipeline.text(await page.getByRole("link", { name, exact: true }).first().getAttribute("href"));
      const json = JSON.parse(await get("JSON"));
      const csv = (await get("CSV")).trim().split(/\r?\n/);
      equal(csv.length, json.rows.length + 1, "lines");
      equal(csv[0], json.columns.map((column) => column.name ?? column).join(), "head");
    }),
  );
}

export async function liveness(pipeline) {
  const label = (what) => `${pipeline.kind}: ${what}`;
  await check(label("live: details stay open, focus and scrolling stay"), () =>
    withPage(pipeline, STATISTICS, {}, async (page) => {
      await live(page);
      await page.locator("details summary").last().click();
      await page.locator("#lag svg").focus();
      const scrolled = await page.evaluate(() => {
        scrollTo(0, 200);
        return scrollY;
      });
      await pipeline.produce(30);
      await pipeline.caughtUp();
      const newest = (await pipeline.progress("crimes")).history.at(-1).batchId;
      await waits(page, (id) => document.querySelector("#numbers tbody td").textContent === String(id), newest);
      ensure(await page.locator("#numbers").isVisible(), "details closed");
      equal(await page.evaluate(() => document.activeElement.closest("figure")?.id), "lag", "focus");
      equal(await page.evaluate(() => scrollY), scrolled, "scrolling");
    }),
  );
  await check(label("pause: the page holds still, resume catches up"), () =>
    withPage(pipeline, "/", {}, async (page) => {
      await live(page);
      const before = await rowsRead(page);
      const button = page.locator("#pause");
      await button.click();
      equal(await button.getAttribute("aria-pressed"), "true", "aria-pressed");
      await pipeline.produce(50);
      await pipeline.caughtUp();
      equal(await rowsRead(page), before, "rows read while paused");
      await button.click();
      equal(await button.getAttribute("aria-pressed"), "false", "aria-pressed");
      await until("resumed", PATIENCE_S, async () => (await rowsRead(page)) === before + 50);
      nothingWrong(page);
    }),
  );
  await check(label("live: a batch too many does not follow the newest one away"), async () => {
    const { batchId } = (await pipeline.progress("crimes")).history.at(-1);
    await withPage(pipeline, `/batches/batch?query=crimes&batch=${batchId}`, {}, async (page) => {
      await live(page);
      await pipeline.produce(20);
      await pipeline.caughtUp();
      equal(await page.locator("h1").innerText(), `Batch ${batchId}`, "title");
      nothingWrong(page);
    });
  });
}

// As Spark's pages call them, and how a user of those would look for them.
const SPARK_CHARTS = ["Input Rate", "Process Rate", "Input Rows", "Batch Duration", "Operation Duration", "Global Watermark Gap",
  "Aggregated Number Of Total State Rows", "Aggregated Number Of Updated State Rows", "Aggregated Number Of Removed State Rows",
  "Aggregated State Memory Used In Bytes", "Aggregated Number Of Late Rows Dropped By Watermark"];

async function ways(pipeline) {
  const label = (what) => `${pipeline.kind}: ${what}`;
  const charts = async (page) => {
    await until("Spark's charts", PATIENCE_S, async () => {
      const names = await page.locator("figure .name").allTextContents();
      for (const name of SPARK_CHARTS) ensure(names.includes(name), `no chart ${name} on ${page.url()}`);
      return true;
    });
    nothingWrong(page);
  };
  await check(label("Spark's charts: one click from the first page, one from the list of queries, two by the pages' names"), async () => {
    await withPage(pipeline, "/jobs/", {}, async (page) => {
      await page.locator("h2").getByRole("link", { name: "hourly", exact: true }).click();
      await charts(page);
    });
    await withPage(pipeline, "/StreamingQuery/", {}, async (page) => {
      await page.locator("#active tr", { hasText: "hourly" }).locator("a[href*='statistics']").last().click();
      await charts(page);
    });
    await withPage(pipeline, "/", {}, async (page) => {
      await page.locator("header nav").getByRole("link", { name: "Statistics" }).click();
      await page.locator("nav.switch").getByRole("link", { name: "hourly", exact: true }).click();
      await charts(page);
    });
  });
  await check(label("Spark's event timeline: one click, and each batch of it one more"), () =>
    withPage(pipeline, "/jobs/", {}, async (page) => {
      await page.locator("header nav").getByRole("link", { name: "Batches" }).click();
      ensure((await page.locator("main").innerText()).includes("Event Timeline"), "no timeline");
      await page.locator(".timeline a").last().click();
      await until("a batch behind the timeline", PATIENCE_S, async () => /^Batch \d+$/.test(await page.locator("h1").innerText()));
      nothingWrong(page);
    }),
  );
}

async function elsewhere(pipeline) {
  await check(`${pipeline.kind}: a page that only Spark has says where to look`, () =>
    withPage(pipeline, "/SQL/", { status: 404 }, async (page) => {
      ensure((await page.locator("main").innerText()).includes("/SQL/"), "it does not say what is not there");
      await page.locator("#pages").getByRole("link", { name: "Plan", exact: false }).click();
      await until("the page behind the link", PATIENCE_S, async () => (await page.locator("h1").innerText()) === "Plan");
      nothingWrong(page);
    }),
  );
}

async function looks(pipeline) {
  const label = (what) => `${pipeline.kind}: ${what}`;
  await check(label("theme: follows the system, the button wins, is remembered, no flash"), () =>
    withPage(pipeline, "/", {}, async (page) => {
      const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      const light = await ground();
      await page.emulateMedia({ colorScheme: "dark" });
      const dark = await ground();
      ensure(light !== dark, `${light} in both schemes`);
      await page.emulateMedia({ colorScheme: "light" });
      await page.locator("#theme").click();
      equal(await ground(), dark, "after the click");
      // what is painted first: frames are not made before the sheet is there
      await page.addInitScript(() => {
        const frame = () => {
          if (document.body) globalThis.first ??= getComputedStyle(document.body).backgroundColor;
          else requestAnimationFrame(frame);
        };
        requestAnimationFrame(frame);
      });
      await page.goto(`${pipeline.url}/source/`);
      await waits(page, () => globalThis.first !== undefined);
      equal(await page.evaluate(() => globalThis.first), dark, "a flash of light");
      equal(await ground(), dark, "remembered on the next page");
      await page.locator("#theme").click();
      equal(await ground(), light, "back");
      nothingWrong(page);
    }),
  );
  await check(label("reduced motion: nothing moves"), () =>
    withPage(pipeline, "/", { reducedMotion: "reduce" }, async (page) => {
      const moving = await page.evaluate(() => [...document.querySelectorAll("*")].filter((at) => {
        const style = getComputedStyle(at);
        return parseFloat(style.transitionDuration) > 0 || parseFloat(style.animationDuration) > 0;
      }).length);
      equal(moving, 0, "elements that move");
    }),
  );
}

async function keys(pipeline) {
  const label = (what) => `${pipeline.kind}: ${what}`;
  await check(label("keyboard: the skip link is first and leads to the content"), () =>
    withPage(pipeline, "/", {}, async (page) => {
      await page.keyboard.press("Tab");
      ensure(/skip/i.test(await page.evaluate(() => document.activeElement.textContent)), "no skip link first");
      const box = await page.evaluate(() => document.activeElement.getBoundingClientRect().toJSON());
      ensure(box.left >= 0 && box.width > 20, "the skip link is not seen");
      await page.keyboard.press("Enter");
      equal(await page.evaluate(() => document.activeElement.tagName), "MAIN", "focus");
    }),
  );
  await check(label("keyboard: everything is reached by Tab and seen to be"), () =>
    withPage(pipeline, STATISTICS, {}, async (page) => {
      await live(page);
      const figures = await page.locator("figure:has(svg[tabindex])").evaluateAll((all) => all.map((one) => one.id));
      ensure(figures.length >= 9, `${figures.length} charts with focus`);
      const reached = new Set();
      for (let i = 0; i < 120; i++) {
        await page.keyboard.press("Tab");
        const at = await page.evaluate(() => {
          const active = document.activeElement;
          if (active === document.body || active === document.documentElement) return "";
          const style = getComputedStyle(active);
          if (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 1) throw new Error(`no focus ring on ${active.outerHTML.slice(0, 80)}`);
          return active.id || (active.matches("svg") && active.closest("figure")?.id) || active.textContent.trim();
        });
        if (at === "" && i > 10) break;
        reached.add(at);
      }
      for (const wanted of ["pause", "theme", "Overview", "Executors", "by_hour", ...figures, "The numbers of these charts"])
        ensure(reached.has(wanted), `${wanted} was not reached: ${[...reached].join(" | ")}`);
    }),
  );
  await check(label("keyboard: the crosshair goes by arrows, over all charts, and away by Escape"), () =>
    withPage(pipeline, STATISTICS, {}, async (page) => {
      await live(page);
      await page.locator("#pause").click();
      await page.locator("#input-rate svg").focus();
      const batch = async () => {
        const texts = (await page.locator("figure .readout").allTextContents()).map((text) => text.split(":")[0]);
        ensure(texts.length >= 9 && /^batch [\d,]+/.test(texts[0]) && new Set(texts).size === 1, `crosshair: ${texts}`);
        return number(/^batch ([\d,]+)/.exec(texts[0])[1]);
      };
      const { history } = await pipeline.progress("crimes", 1000);
      await page.keyboard.press("End");
      equal(await batch(), history.at(-1).batchId, "End");
      await page.keyboard.press("ArrowLeft");
      await page.keyboard.press("ArrowLeft");
      equal(await batch(), history.at(-3).batchId, "two to the left");
      await page.keyboard.press("ArrowRight");
      equal(await batch(), history.at(-2).batchId, "one to the right");
      await page.keyboard.press("Home");
      equal(await batch(), history[0].batchId, "Home");
      equal(await page.locator(".readout[aria-live=polite]").count(), 1, "charts that speak");
      const figures = await page.locator("figure:has(svg[tabindex])").count();
      equal(await page.locator(".cursor path").count(), figures, "lines");
      await page.keyboard.press("Escape");
      equal(await page.locator(".cursor path").count(), 0, "lines after Escape");
      await page.locator("details summary").last().focus();
      await page.keyboard.press("Enter");
      ensure(await page.locator("#numbers").isVisible(), "the numbers stay closed");
    }),
  );
  await check(label("keyboard: sorting and searching need no pointer"), () =>
    withPage(pipeline, "/result/?query=crimes", {}, async (page) => {
      await live(page);
      await page.locator("#result th").getByRole("link", { name: "count", exact: true }).focus();
      await page.keyboard.press("Enter");
      await waits(page, () => document.querySelectorAll("#result th")[1].getAttribute("aria-sort") === "ascending");
      await page.getByRole("searchbox").focus();
      await page.keyboard.type("passing");
      await waits(page, () => document.querySelectorAll("#result tbody tr").length === 1);
      ensure((await page.locator("#result tbody tr td").first().textContent()) === "Passing Call", "another row");
    }),
  );
  await check(label("crosshair by pointer says what the API says"), () =>
    withPage(pipeline, STATISTICS, {}, async (page) => {
      await live(page);
      await page.locator("#pause").click();
      const box = await page.locator("#input-rows svg").boundingBox();
      await page.mouse.move(box.x + box.width * 0.5, box.y + box.height / 2);
      const readout = page.locator("#input-rows .readout");
      const text = await until("a readout", PATIENCE_S, () => readout.textContent()); // a browser gathers moves of the pointer
      const [, batch, rows] = /^batch ([\d,]+) \(.*\): ([\d,]+) records$/.exec(text) || [];
      ensure(batch !== undefined, `the readout says: ${text}`);
      const { history } = await pipeline.progress("crimes", 1000);
      equal(number(rows), history.find((record) => record.batchId === number(batch)).numInputRows, `rows of batch ${batch}`);
      await page.screenshot({ path: join(shots, "crosshair-light.png"), fullPage: true });
    }),
  );
}

async function tabs(pipeline) {
  // HTTP/1.1 gives a host six connections, and a headless browser calls every tab visible: so the tabs are told that
  // they are hidden.
  const hideable = () => {
    const Real = EventSource;
    globalThis.streams = [];
    globalThis.EventSource = class extends Real {
      constructor(...args) {
        super(...args);
        globalThis.streams.push(this);
      }
    };
    let state = "visible";
    Object.defineProperty(document, "hidden", { get: () => state === "hidden" });
    Object.defineProperty(document, "visibilityState", { get: () => state });
    globalThis.look = (seen) => {
      state = seen ? "visible" : "hidden";
      document.dispatchEvent(new Event("visibilitychange"));
    };
  };
  await check(`${pipeline.kind}: hidden tabs close their stream; the seventh works and the first comes back`, async () => {
    const context = await newContext();
    try {
      await context.addInitScript(hideable);
      const all = [];
      for (let i = 0; i < 6; i++) {
        const page = await open(pipeline, "/", { context });
        await live(page);
        await page.evaluate(() => globalThis.look(false));
        ensure(await page.evaluate(() => globalThis.streams.length > 0 && globalThis.streams.every((stream) => stream.readyState === 2)), `tab ${i + 1} keeps its stream`);
        all.push(page);
      }
      const seventh = await open(pipeline, "/", { context });
      await live(seventh);
      const before = await rowsRead(seventh);
      await pipeline.produce(40);
      await until("the seventh tab's numbers", PATIENCE_S, async () => (await rowsRead(seventh)) === before + 40);
      ensure((await rowsRead(all[0])) === before, "a hidden tab goes on asking");
      await all[0].evaluate(() => globalThis.look(true));
      await until("the first tab's numbers", PATIENCE_S, async () => (await rowsRead(all[0])) === before + 40);
      nothingWrong(all[0]);
      nothingWrong(seventh);
    } finally {
      await context.close();
    }
  });
}

// Numbers change by themselves; how soon after the end of their batch is told.
export async function delay(pipeline) {
  await check(`${pipeline.kind}: live: numbers change without reload, soon after the batch`, () =>
    withPage(pipeline, "/", {}, async (page) => {
      await live(page);
      await mark(page);
      const before = await rowsRead(page);
      await page.evaluate(() => {
        globalThis.seen = [new Map(), new Map()]; // of each batch: its end, its number on the page
        const [ends, numbers] = globalThis.seen;
        const stream = new EventSource("/api/v1/events?query=crimes");
        stream.addEventListener("progress", (event) => {
          const { last } = JSON.parse(event.data);
          ends.set(String(last.batchId), Date.parse(last.timestamp) + last.batchDuration);
        });
        const section = [...document.querySelectorAll("section")].find((one) => one.querySelector("h2 a").textContent === "crimes");
        const cell = [...section.querySelectorAll("dt")].find((dt) => dt.textContent === "Batch").nextElementSibling;
        new MutationObserver(() => {
          const shown = cell.textContent.trim();
          if (!numbers.has(shown)) numbers.set(shown, Date.now());
        }).observe(cell, { subtree: true, childList: true, characterData: true });
      });
      await pipeline.produce(240, "--rate", "60");
      await until("the new rows", PATIENCE_S, async () => (await rowsRead(page)) === before + 240);
      await marked(page);
      const delays = await page.evaluate(() => {
        const [ends, numbers] = globalThis.seen;
        return [...numbers].filter(([batch]) => ends.has(batch)).map(([batch, at]) => at - ends.get(batch));
      });
      ensure(delays.length >= 3, `${delays.length} batches seen`); // a page that is slow to take over leaves some out
      note(`${pipeline.kind}: batch finished to number on the page: median ${median(delays)} ms, worst ${Math.max(...delays)} ms of ${delays.length} batches`);
      nothingWrong(page);
    }),
  );
}

export async function use(pipeline) {
  await tables(pipeline);
  await ways(pipeline);
  await elsewhere(pipeline);
  await looks(pipeline);
  await keys(pipeline);
  await liveness(pipeline);
  await tabs(pipeline);
}

// The processor ends: the page says so, and keeps what it shows.
export async function stopped(pipeline) {
  await check(`${pipeline.kind}: a stopped server is said, not hidden`, async () => {
    const page = await open(pipeline, "/");
    await live(page);
    const before = await rowsRead(page);
    pipeline.processorChild.kill("SIGTERM");
    await waits(page, () => document.getElementById("live").textContent === "reconnecting");
    equal(await rowsRead(page), before, "rows read");
    equal(await pipeline.processorChild.ended, 0, "exit status of the processor");
    await close(page);
  });
}
