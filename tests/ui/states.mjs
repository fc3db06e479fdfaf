// What the pages say while all is not well: nothing has come yet, more comes than is taken, the broker is gone.
import { join } from "node:path";
import { check, ensure, equal, facts, live, nothingWrong, number, shots, table, waits, withPage } from "./harness.mjs";
import { PAGES } from "./every_page.mjs";
import { PATIENCE_S, until } from "./limits.mjs";

const QUERY = "crimes";
const ARRIVING = 20000; // for more than a minute; a batch takes 20 five times a second

// The word beside the query's name on the overview, as soon as it is the wanted one.
async function becomes(page, status) {
  await waits(page, ([name, wanted]) => {
    const section = [...document.querySelectorAll("section.query")].find((one) => one.querySelector("h2 a").textContent === name);
    return section.querySelector(".status").classList.contains(wanted);
  }, [QUERY, status]);
}

async function nothingYet(pipeline) {
  await check("states: no record yet: every page opens clean and says so", async () => {
    for (const [name, path] of Object.entries(PAGES))
      await withPage(pipeline, path.replace("hourly", QUERY), {}, async (page) => {
        await live(page);
        ensure((await page.locator("main").innerText()).length > 50, `${name} is empty`);
        nothingWrong(page);
        await page.screenshot({ path: join(shots, `empty-${name}-light.png`), fullPage: true });
      });
    await withPage(pipeline, "/", {}, async (page) => {
      await becomes(page, "idle");
      const shown = await facts(page, QUERY);
      equal([number(shown["Rows read"]), number(shown.Lag)], [0, 0], "rows read and lag");
    });
  });
}

async function behind(pipeline) {
  await check("states: more comes than is taken: behind, by how much, and that it will never catch up", () =>
    withPage(pipeline, "/", {}, async (page) => {
      await live(page);
      const producer = pipeline.producing(ARRIVING, "--rate", "250");
      await becomes(page, "behind");
      await until("a lag that grows, and its age", PATIENCE_S, async () => {
        const shown = await facts(page, QUERY);
        ensure(number(shown.Lag) > 100, `lag ${shown.Lag}`);
        ensure(/[1-9]/.test(shown["Behind by"]), `behind by ${shown["Behind by"]}`);
        ensure(number(shown.Arriving) > number(shown.Input), `arriving ${shown.Arriving}, input ${shown.Input}`);
        return shown["Caught up in"] === "never";
      });
      await page.screenshot({ path: join(shots, "behind-overview-light.png"), fullPage: true });
      await pipeline.interrupt(producer);
      nothingWrong(page);
    }),
  );
}

async function brokerAway(pipeline) {
  await check("states: the broker is gone: every page of the query says what it waits for, and of when the lag is", () =>
    withPage(pipeline, "/", {}, async (page) => {
      await live(page);
      pipeline.children.find((child) => child.spawnfile.endsWith("sf-broker")).kill("SIGKILL");
      await becomes(page, "waiting");
      // It tries again and again, and is running while it does.
      await until("the broker's address", PATIENCE_S, async () =>
        (await page.locator("section.query .trouble").first().innerText()).includes(pipeline.brokers));
      await until("the lag's time", PATIENCE_S, async () => /as of \d\d:\d\d:\d\d/.test((await facts(page, QUERY)).Lag));
      await page.screenshot({ path: join(shots, "away-overview-light.png"), fullPage: true });
      nothingWrong(page);
      for (const path of ["/StreamingQuery/statistics", "/batches/", "/source/", "/result/", "/plan/"])
        await withPage(pipeline, `${path}?query=${QUERY}`, {}, async (other) => {
          await until(`a word of it on ${path}`, PATIENCE_S, async () => (await other.locator(".trouble").innerText()).includes("Waiting for the broker"));
          nothingWrong(other);
        });
      await withPage(pipeline, "/StreamingQuery/", {}, async (other) => {
        await until("Spark's status and the state", PATIENCE_S, async () => {
          const row = (await table(other, "#active")).find((one) => one.Name === QUERY);
          equal([row.Status, row.State], ["RUNNING", "waiting"], "Spark's status and the state");
          return true;
        });
      });
    }),
  );
}

export async function states(pipeline) {
  await pipeline.broker();
  await pipeline.data(ARRIVING);
  await pipeline.processor([
    "source.calls.maxOffsetsPerTrigger = 20",
    "query.crimes.trigger = 200 milliseconds",
    "query.by_hour.trigger = 1 hour",
    "query.by_hour.format = noop",
    "query.by_disposition.trigger = 1 hour",
    "query.by_disposition.format = noop",
  ]);
  await until("the first, empty batch", PATIENCE_S, async () => (await pipeline.progress(QUERY)).history.length > 0);
  await nothingYet(pipeline);
  await behind(pipeline);
  await brokerAway(pipeline);
}
