// What holds for every page: it opens clean, is accessible, fits, is complete without script, shows markup as text, and
// is light.
import { join } from "node:path";
import { axeFindings, check, close, ensure, equal, live, median, NARROW, newContext, note, nothingWrong, open, shots, together, WIDE,
  withPage } from "./harness.mjs";
import { PATIENCE_S, until } from "./limits.mjs";
import { CANARY, HOSTILE } from "./pipeline.mjs";

export const PAGES = {
  overview: "/",
  jobs: "/jobs/",
  queries: "/StreamingQuery/",
  statistics: "/StreamingQuery/statistics?query=hourly",
  batches: "/batches/?query=crimes",
  batch: "/batches/batch?query=crimes",
  source: "/source/",
  result: "/result/?query=crimes&sort=count&desc=true",
  plan: "/plan/?query=by_disposition",
  tuning: "/tuning/?query=crimes",
  records: "/records/",
  environment: "/environment/",
  executors: "/executors/",
};

// Labels of a chart that lie over each other cannot be read.
function overlaps() {
  const found = [];
  for (const svg of document.querySelectorAll("main svg")) {
    const texts = [...svg.querySelectorAll("text")].map((text) => ({ text: text.textContent, box: text.getBoundingClientRect() }));
    texts.forEach((a, i) => {
      for (const b of texts.slice(i + 1)) {
        const wide = Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left);
        const high = Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top);
        if (wide > 1 && high > 2) found.push(`${svg.closest("figure")?.id || "svg"}: "${a.text}" and "${b.text}"`);
      }
    });
  }
  return found;
}

// One load serves the checks of one page: light, dark, small.
async function looks(pipeline, name, path) {
  const label = (what) => `${pipeline.kind}: ${name}: ${what}`;
  let page;
  await check(label("opens: no console error, no failed request"), async () => {
    page = await open(pipeline, path, { reducedMotion: "reduce" }); // no colour is on its way to another one
    await live(page);
    equal(await page.locator("h1").count(), 1, "h1");
    ensure((await page.locator("main").innerText()).length > 100, "an empty page");
    ensure((await page.title()).startsWith("SFCrimeStatistics - "), `title ${await page.title()}`);
    nothingWrong(page);
  });
  if (!page) return;
  for (const scheme of ["light", "dark"]) {
    await check(label(`axe-core finds nothing serious, ${scheme}`), async () => {
      await page.emulateMedia({ colorScheme: scheme });
      await page.screenshot({ path: join(shots, `${name}-${scheme}.png`), fullPage: true });
      const found = await axeFindings(page, scheme === "dark"); // the other rules have seen the same document already
      ensure(found.length === 0, found.join("\n"));
    });
  }
  for (const size of [WIDE, NARROW]) {
    await check(label(`${size.width} px: no horizontal scrolling, labels of charts apart`), async () => {
      await page.emulateMedia({ colorScheme: "light" });
      await page.setViewportSize(size);
      if (size === NARROW) await page.screenshot({ path: join(shots, `${name}-320.png`), fullPage: true });
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      ensure(over <= 0, `${over} px too wide`);
      const found = await page.evaluate(overlaps);
      ensure(found.length === 0, found.join("\n"));
    });
  }
  await check(label("stays clean while it lives"), () => nothingWrong(page));
  await close(page);
}

// What a reader gets: words, tables, charts. Clocks tick and states change, so numbers, units and states are left out.
const inventory = (page) =>
  page.locator("main").evaluate((main) => {
    const walker = document.createTreeWalker(main, NodeFilter.SHOW_TEXT);
    const words = [];
    while (walker.nextNode()) {
      // With script it is one text, tags and all, until an update from the stream has replaced it.
      if (walker.currentNode.parentElement.closest("noscript")) continue;
      words.push(...(walker.currentNode.data.match(/[A-Za-z_]{3,}/g) || []));
    }
    return {
      words: words.filter((word) => !/^(seconds?|minutes?|hours?|min|[KMG]iB|idle|since|running)$/.test(word)),
      rows: main.querySelectorAll("tr").length,
      charts: main.querySelectorAll("svg").length,
      links: main.querySelectorAll("a[href]").length,
    };
  });

// One load with script and one without serve both checks.
async function atRest(pipeline, name, path) {
  const label = (what) => `${pipeline.kind}: ${name}: ${what}`;
  const shows = ["overview", "jobs", "result"].includes(name);
  const seen = {};
  await check(label("a category that is markup does nothing, with and without JavaScript"), async () => {
    for (const javaScriptEnabled of [false, true])
      await withPage(pipeline, path, { javaScriptEnabled }, async (page) => {
        if (javaScriptEnabled) await live(page);
        seen[javaScriptEnabled ? "scripted" : "plain"] = await inventory(page);
        if (!javaScriptEnabled) seen.plain.buttons = await buttons(page);
        else seen.overlaps = await overlapsAt(page, [WIDE, NARROW]);
        await harmless(page);
        ensure(!shows || (await page.locator("main").innerText()).includes(HOSTILE), "not shown as text");
      });
  });
  await check(label("complete without JavaScript"), () => {
    const { plain, scripted } = seen;
    ensure(plain && scripted, "the page did not come");
    equal(plain.buttons, [], "buttons that do nothing");
    equal(seen.overlaps, [], "labels of charts that lie over each other while nothing comes");
    const missing = scripted.words.filter((word) => !plain.words.includes(word));
    ensure(missing.length === 0, `only with script: ${missing}`);
    for (const what of ["rows", "charts", "links"]) equal(plain[what], scripted[what], `${what} without and with script`);
  });
}

async function overlapsAt(page, sizes) {
  const found = [];
  for (const size of sizes) {
    await page.setViewportSize(size);
    found.push(...(await page.evaluate(overlaps)).map((text) => `${size.width} px: ${text}`));
  }
  return found;
}

async function buttons(page) {
  const seen = [];
  for (const id of ["pause", "theme"]) if (await page.locator(`#${id}`).isVisible()) seen.push(id);
  return seen;
}

// No image was made, none was asked for, nothing ran.
export async function harmless(page) {
  equal(await page.locator("img, main script, main iframe, [onerror]").count(), 0, "elements made from data");
  ensure(!(await page.title()).includes("owned"), "a script from the data ran");
  nothingWrong(page);
}

// Milliseconds to the first contentful paint with an empty cache, bytes on the wire.
export async function firstPaint(pipeline, path) {
  const context = await newContext();
  try {
    const page = await context.newPage();
    const session = await context.newCDPSession(page);
    let bytes = 0;
    await session.send("Network.enable");
    session.on("Network.loadingFinished", (event) => (bytes += event.encodedDataLength));
    await page.goto(pipeline.url + path);
    const paint = await until("first paint", PATIENCE_S, () => page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime));
    return [paint, bytes];
  } finally {
    await context.close();
  }
}

// Bytes are the page's own, so they are checked; the time is also the machine's, so the best of some tries is only
// told.
export async function weights(pipeline) {
  const paints = [];
  const sizes = [];
  for (const [name, path] of Object.entries(PAGES)) {
    await check(`${pipeline.kind}: ${name}: weighs less than 60 KB compressed`, async () => {
      const tries = [await firstPaint(pipeline, path), await firstPaint(pipeline, path)];
      paints.push(Math.min(...tries.map(([paint]) => paint)));
      sizes.push(Math.max(...tries.map(([, bytes]) => bytes)));
      ensure(sizes.at(-1) > 1000 && sizes.at(-1) < 60000, `${sizes.at(-1)} bytes`);
    });
  }
  if (paints.length > 0)
    note(`first paint, cold (better of 2): median page ${median(paints).toFixed(0)} ms, worst ${Math.max(...paints).toFixed(0)} ms; ` +
      `heaviest page ${Math.max(...sizes)} bytes compressed`);
}

export async function everyPage(pipeline, { complete }) {
  const jobs = [];
  for (const [name, path] of Object.entries(PAGES)) {
    // /jobs/ is the overview by Spark's name.
    if (complete && name !== "jobs") {
      jobs.push(() => looks(pipeline, name, path));
      continue;
    }
    jobs.push(() =>
      check(`${pipeline.kind}: ${name}: opens: no console error, no failed request`, () =>
        withPage(pipeline, path, {}, async (page) => {
          await live(page);
          ensure((await page.locator("main").innerText()).length > 100, "an empty page");
          await harmless(page);
        }),
      ),
    );
  }
  await together(2, jobs);
}

// These compare two loads of a page, so nothing may arrive meanwhile.
export async function everyPageAtRest(pipeline) {
  const jobs = Object.entries(PAGES).map(([name, path]) => () => atRest(pipeline, name, path));
  await together(2, jobs);
  await check(`${pipeline.kind}: markup in addresses does nothing`, async () => {
    const text = encodeURIComponent(HOSTILE);
    for (const [path, status] of [[`/result/?query=crimes&q=${text}`, 200], [`/result/?query=crimes&sort=${text}`, 200],
      [`/StreamingQuery/?active.sort=${text}`, 200], [`/environment/?q=${text}`, 200], [`/plan/?query=${text}`, 404],
      [`/StreamingQuery/statistics?id=${text}`, 404], [`/${text}`, 404]])
      await withPage(pipeline, path, { status }, harmless);
  });
  await check(`${pipeline.kind}: secrets are masked everywhere`, async () => {
    const [application] = await pipeline.json("/api/v1/applications");
    for (const path of [...Object.values(PAGES), `/api/v1/applications/${application.id}/environment`, "/api/v1/progress", "/metrics"])
      ensure(!(await pipeline.text(path)).includes(CANARY), path);
    const page = await pipeline.text("/environment/");
    ensure(/kafka\.sasl\.password<\/td><td[^>]*>\*+\(redacted\)/.test(page), "the password is not shown as masked");
  });
}
