// Every wait has a limit, and a name that is told when the limit is reached: by the wait itself, and by the check that
// is in it.
import { AsyncLocalStorage } from "node:async_hooks";

// Far more than anything takes, even on a machine that has much else to do: only what would never come waits so long.
export const PATIENCE_S = 60;

const LATE = Symbol("late");
const checks = new AsyncLocalStorage();
const atWork = new Set();

// The promise's value, or LATE. What is late goes on; whoever can end it does so.
async function race(seconds, promise) {
  let timer;
  const late = new Promise((done) => (timer = setTimeout(() => done(LATE), Math.max(0, seconds * 1000))));
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function named(what, work) {
  const { awaited } = checks.getStore() || { awaited: new Set() };
  awaited.add(what);
  try {
    return await work();
  } finally {
    awaited.delete(what);
  }
}

export function within(seconds, what, promise) {
  return named(what, async () => {
    const value = await race(seconds, promise);
    if (value === LATE) throw new Error(`waited ${seconds} s in vain: ${what}`);
    return value;
  });
}

// Waits for a condition; a throwing one counts as not yet fulfilled, and says why when time is up.
export function until(what, seconds, condition) {
  const end = Date.now() + seconds * 1000;
  return named(what, async () => {
    for (;;) {
      let said = "";
      try {
        const value = await race((end - Date.now()) / 1000, condition());
        if (value && value !== LATE) return value;
      } catch (error) {
        said = ` (${error.message})`;
      }
      if (Date.now() >= end) throw new Error(`waited ${seconds} s in vain: ${what}${said}`);
      await new Promise((done) => setTimeout(done, 20));
    }
  });
}

const waitsFor = (one) => (one.awaited.size > 0 ? `, awaiting: ${[...one.awaited].join("; ")}` : "");

// A check's work, given up when its time is over: then what `undoing` was told is done.
export async function limited(name, seconds, work) {
  const one = { name, awaited: new Set(), undo: [] };
  atWork.add(one);
  try {
    if ((await checks.run(one, () => race(seconds, work()))) !== LATE) return;
    for (const undo of one.undo) undo().catch(() => {});
    throw new Error(`not done after ${seconds} s${waitsFor(one)}`);
  } finally {
    atWork.delete(one);
  }
}

// What to do if the check that is running does not end: closing a window ends whatever waits for something in it.
export const undoing = (undo) => checks.getStore()?.undo.push(undo);

// The checks that are at work, with what each awaits.
export const unfinished = () => [...atWork].map((one) => one.name + waitsFor(one));
