// The browser, and checks that do not depend on each other: each prints `ok - NAME` or `not ok - NAME` with what was
// wrong.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { limited, PATIENCE_S, undoing, until, within } from "./limits.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const filter = process.argv[2] || "";
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];

export const counts = { passed: 0, failed: 0, skipped: 0 };
export const shots = process.env.SHOTS || join(process.env.BUILD, "ui-screenshots");
export const WIDE = { width: 1280, height: 900 };
export const NARROW = { width: 320, height: 640 };

export function ensure(good, text) {
  if (!good) throw new Error(text);
}

// Of lists, the first element that differs is told.
export function equal(shown, wanted, what) {
  if (Array.isArray(shown) && Array.isArray(wanted) && shown.length === wanted.length) {
    shown.forEach((one, i) => equal(one, wanted[i], `${what}[${i}]`));
    return;
  }
  const [a, b] = [shown, wanted].map((value) => (JSON.stringify(value) ?? "nothing"));
  ensure(a === b, `${what}: the page says ${a.slice(0, 300)}, wanted ${b.slice(0, 300)}`);
}

export const wanted = (name) => name.includes(filter);

// A check that is not done after so many seconds has failed; that is far more than any takes on a busy machine.
export async function check(name, work, seconds = 180) {
  if (over || !wanted(name)) return;
  const begin = Date.now();
  try {
    await limited(name, seconds, work);
    if (over) return;
    counts.passed++;
    console.log(`ok - ${name}`);
  } catch (error) {
    failed(name, error.message);
  }
  slow.push([Date.now() - begin, name]);
}

export function failed(name, text) {
  if (over) return;
  counts.failed++;
  console.log(`not ok - ${name}\n# ${text.split("\n").slice(0, 12).join("\n# ")}`);
}

// Nothing counts from now on.
let over = false;
export const stop = () => (over = true);

// The checks that took longest.
const slow = [];
export const slowest = (n) => slow.sort((a, b) => b[0] - a[0]).slice(0, n).map(([ms, name]) => `${(ms / 1000).toFixed(1)} s ${name}`);

export function skip(name, why) {
  if (!wanted(name)) return;
  counts.skipped++;
  console.log(`skip - ${name}: ${why}`);
}

export function note(text) {
  console.log(`# ${text}`);
}

// Jobs side by side, so many at a time.
export async function together(width, jobs) {
  const rest = [...jobs];
  await Promise.all(Array.from({ length: width }, async () => {
    while (rest.length > 0) await rest.shift()();
  }));
}

export const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
export const number = (text) => Number(text.replace(/[^0-9.-]/g, ""));

// --- the browser ---

let browser;
let profile;

export async function launch() {
  mkdirSync(shots, { recursive: true });
  profile = mkdtempSync(join(tmpdir(), "sf-chromium."));
  // playwright makes a new user-data directory below TMPDIR and adds --headless
  // It ends with this process, which ends its pipelines too: so signals are main.mjs's business.
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM, headless: true, args: FLAGS, timeout: 60000,
    handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false, env: { ...process.env, TMPDIR: profile, HOME: profile } });
}

export async function leave() {
  try {
    if (browser) await within(PATIENCE_S, "the browser's end", browser.close());
  } catch (error) {
    note(error.message);
  }
  if (profile) rmSync(profile, { recursive: true, force: true });
}

export async function newContext(options = {}) {
  const context = await within(PATIENCE_S, "a window", browser.newContext({ viewport: WIDE, colorScheme: "light", ...options }));
  context.setDefaultTimeout(PATIENCE_S * 1000);
  undoing(() => context.close());
  return context;
}

// A page that remembers whatever went wrong; status is the one that is wanted. A request that the browser itself gave
// up when a page was left is no failure.
export async function open(pipeline, path, options = {}) {
  const { context: given, status = 200, ...rest } = options;
  const context = given || (await newContext(rest));
  const page = await context.newPage();
  page.wrong = [];
  page.on("console", (message) => {
    const expected = status !== 200 && message.text().includes(`status of ${status}`);
    if (["error", "warning"].includes(message.type()) && !expected) page.wrong.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => page.wrong.push(`error: ${error.message}`));
  page.on("requestfailed", (request) => {
    if (request.failure().errorText !== "net::ERR_ABORTED") page.wrong.push(`failed: ${request.url()} ${request.failure().errorText}`);
  });
  page.on("response", (response) => {
    if (response.status() >= 400 && response.status() !== status) page.wrong.push(`${response.status()}: ${response.url()}`);
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(`${pipeline.url}/`)) page.wrong.push(`foreign: ${request.url()}`);
  });
  const answer = await page.goto(pipeline.url + path);
  ensure(answer.status() === status, `${path}: ${answer.status()}`);
  return page;
}

export async function close(page) {
  await within(PATIENCE_S, "a window's end", page.context().close());
}

// work(page) with a page that is closed afterwards whatever happens.
export async function withPage(pipeline, path, options, work) {
  const page = await open(pipeline, path, options);
  try {
    return await work(page);
  } finally {
    await close(page);
  }
}

export function nothingWrong(page) {
  ensure(page.wrong.length === 0, page.wrong.join("\n"));
}

// Playwright's own waitForFunction polls with eval, which the page's content policy forbids.
export const waits = (page, condition, argument, seconds = PATIENCE_S) =>
  until(String(condition).slice(0, 200), seconds, () => page.evaluate(condition, argument));

export const live = (page) => waits(page, () => document.getElementById("live").textContent === "live");

// Impact serious or critical, as text; colours: only of the rules that a colour scheme can break. The library comes in
// through the debugger: no policy of the page is relaxed for it.
export async function axeFindings(page, colours = false) {
  const session = await page.context().newCDPSession(page);
  await session.send("Runtime.evaluate", { expression: axe });
  await session.detach();
  const found = await page.evaluate((only) => globalThis.axe.run(document, { resultTypes: ["violations"], ...only }),
    colours ? { runOnly: { type: "tag", values: ["cat.color"] } } : {});
  return found.violations
    .filter((violation) => ["serious", "critical"].includes(violation.impact))
    .map((violation) => `${violation.id}: ${violation.nodes.map((node) => `${node.target} ${node.failureSummary}`).join("; ")}`);
}

// What a table says: an object a row, by the names in its head.
export function table(page, selector) {
  return page.evaluate((where) => {
    const found = document.querySelector(where);
    if (!found) throw new Error(`no table ${where}`);
    const heads = [...found.tHead.rows[0].cells].map((cell) => cell.textContent.replace(/[▲▼▴▾]/g, "").trim());
    return [...found.tBodies[0].rows].map((row) => Object.fromEntries([...row.cells].map((cell, i) => [heads[i], cell.textContent])));
  }, selector);
}

// The facts of a page, or of a query's section on the overview: names and values.
export function facts(page, query) {
  return page.evaluate((name) => {
    let from = document.querySelector("main");
    if (name) from = [...from.querySelectorAll("section")].find((at) => at.querySelector("h2 a")?.textContent === name);
    if (!from) throw new Error(`no section of ${name}`);
    const found = {};
    for (const term of from.querySelectorAll("dl.facts dt")) found[term.textContent] ??= term.nextElementSibling.textContent.trim();
    return found;
  }, query);
}
