// Keeps a page live. The server renders pages whole; when an event says that something changed, this asks for the page
// again and takes over what differs, node by node: nothing is reloaded, and focus, selection, scrolling and open
// details stay. Markup is never made from text here: nodes come from the browser's own parser, under a content policy
// that runs no inline script.
"use strict";
(() => {
  // Between two refreshes: after a batch little, and never less than the last one took; after a mere change of state
  // more.
  const BATCH_GAP_MS = 40;
  const STATE_GAP_MS = 500;
  // A server under strain may have answered with a page half a second old: asked again when that has passed in silence.
  const SETTLE_MS = 600;
  const state = document.getElementById("live");
  const pauseButton = document.getElementById("pause");
  const themeButton = document.getElementById("theme");
  let stream = null;
  let paused = false;
  let timer = 0;
  let settling = 0;
  let busy = false;
  let again = false;
  let whole = false; // the next refresh takes everything
  let last = 0;
  let took = 0;
  let due = 0; // when the timer ends

  // --- taking over what differs ---

  function sameKind(a, b) {
    return a.nodeType === b.nodeType && a.nodeName === b.nodeName && (a.id || "") === (b.id || "");
  }

  function attributes(to, from) {
    for (const { name } of [...to.attributes]) {
      if (!from.hasAttribute(name) && !(to.nodeName === "DETAILS" && name === "open")) to.removeAttribute(name);
    }
    for (const { name, value } of from.attributes) {
      if (to.getAttribute(name) !== value) to.setAttribute(name, value);
    }
  }

  // Rows that know who they are keep their nodes when others come before them: a new batch costs one row, not a table.
  function keyed(to, from) {
    const known = new Map([...to.children].map((row) => [row.dataset.key, row]));
    let at = to.firstElementChild;
    for (const row of [...from.children]) {
      const old = known.get(row.dataset.key);
      known.delete(row.dataset.key);
      if (old) {
        if (!old.isEqualNode(row)) morph(old, row);
        if (old === at) at = at.nextElementSibling;
        else to.insertBefore(old, at);
      } else {
        to.insertBefore(document.importNode(row, true), at);
      }
    }
    if ("more" in from.dataset) while (to.rows.length > Number(from.dataset.keep)) to.lastElementChild.remove();
    else for (const row of known.values()) row.remove();
  }

  // The page's address for a refresh: of a long table of numbers, which never change, only the rows that are new.
  function address() {
    const url = new URL(location.href);
    const numbers = document.querySelector("#numbers tbody");
    if (numbers && numbers.rows.length > 0 && !whole) url.searchParams.set("after", numbers.rows[0].dataset.key);
    whole = false;
    return url;
  }

  // A query that was started anew counts from 0 again: then all rows are asked for.
  function sameRun(main) {
    const [had, has] = [document.querySelector("#numbers tbody"), main.querySelector("#numbers tbody")];
    return !had || !has || !("more" in has.dataset) || had.dataset.run === has.dataset.run;
  }

  function morph(to, from) {
    if (to.nodeType !== Node.ELEMENT_NODE) {
      if (to.nodeValue !== from.nodeValue) to.nodeValue = from.nodeValue;
      return;
    }
    if (to.hasAttribute("data-own")) return; // the scripts' own
    if (to.nodeName === "INPUT") return; // the user's own
    attributes(to, from);
    if (to.nodeName === "TBODY" && (from.querySelector("[data-key]") || "more" in from.dataset)) {
      keyed(to, from);
      return;
    }
    let a = to.firstChild;
    for (let b = from.firstChild; b; b = b.nextSibling) {
      if (!a) {
        to.append(document.importNode(b, true));
        continue;
      }
      const next = a.nextSibling;
      if (sameKind(a, b)) morph(a, b);
      else a.replaceWith(document.importNode(b, true));
      a = next;
    }
    while (a) {
      const next = a.nextSibling;
      a.remove();
      a = next;
    }
  }

  // --- refreshing ---

  async function refresh() {
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    const asked = location.href;
    const url = address();
    const began = performance.now();
    try {
      const answer = await fetch(url, { headers: { Accept: "text/html" } });
      const text = await answer.text();
      if (asked === location.href && (answer.headers.get("Content-Type") || "").startsWith("text/html")) {
        const page = new DOMParser().parseFromString(text, "text/html");
        const main = page.querySelector("main");
        if (main && !sameRun(main)) {
          whole = again = true;
        } else if (main) {
          document.title = page.title;
          morph(document.querySelector("main"), main);
          document.dispatchEvent(new Event("sf:updated"));
        }
      } else {
        again = again || asked !== location.href;
      }
    } catch {
      // the stream's own state tells that the server is away
    }
    busy = false;
    last = performance.now();
    took = last - began;
    if (again) {
      again = false;
      soon();
    }
  }

  function soon(gap = BATCH_GAP_MS) {
    if (paused || document.hidden) return;
    const now = performance.now();
    const at = Math.max(now, last + Math.max(gap, took));
    if (timer && due <= at) return;
    clearTimeout(timer);
    due = at;
    timer = setTimeout(() => {
      timer = 0;
      if (!paused) refresh();
    }, at - now);
  }

  function show(text, on) {
    if (state.textContent !== text) state.textContent = text;
    state.className = on ? "on" : "off";
  }

  // --- the stream: open only while somebody can see the page ---

  function close() {
    if (stream) stream.close();
    stream = null;
    clearTimeout(timer);
    clearTimeout(settling);
    timer = 0;
  }

  function open() {
    if (stream || paused || document.hidden) return;
    stream = new EventSource("/api/v1/events");
    for (const [name, gap] of [["progress", BATCH_GAP_MS], ["idle", STATE_GAP_MS], ["status", STATE_GAP_MS]]) {
      stream.addEventListener(name, () => {
        soon(gap);
        clearTimeout(settling);
        settling = setTimeout(() => soon(), SETTLE_MS);
      });
    }
    stream.addEventListener("open", () => show("live", true));
    stream.addEventListener("error", () => {
      show("reconnecting", false);
      if (stream && stream.readyState === EventSource.CLOSED) {
        close();
        setTimeout(open, 2000);
      }
    });
  }

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      close();
    } else {
      open();
      soon();
    }
  });
  addEventListener("pagehide", close);
  addEventListener("pageshow", (event) => {
    if (event.persisted) open();
  });

  pauseButton.addEventListener("click", () => {
    paused = !paused;
    pauseButton.setAttribute("aria-pressed", String(paused));
    pauseButton.textContent = paused ? "Resume" : "Pause";
    if (paused) {
      close();
      show("paused", false);
    } else {
      open();
      refresh();
    }
  });

  // --- theme ---

  function dark() {
    const chosen = document.documentElement.dataset.theme;
    return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  }

  function nameTheme() {
    themeButton.textContent = dark() ? "Light" : "Dark";
    themeButton.setAttribute("aria-label", dark() ? "Light theme" : "Dark theme");
  }

  themeButton.addEventListener("click", () => {
    const chosen = dark() ? "light" : "dark";
    document.documentElement.dataset.theme = chosen;
    try {
      localStorage.setItem("sf-theme", chosen);
    } catch {
      // it lasts as long as the page then
    }
    nameTheme();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", nameTheme);

  // --- sorting, paging, searching: the state is in the address ---

  document.addEventListener("click", (event) => {
    const link = event.target.closest("main a.sort, main .pages a[rel], .switch a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    history.pushState(null, "", link.href);
    whole = true;
    refresh();
  });
  addEventListener("popstate", () => {
    whole = true;
    const box = document.getElementById("search");
    if (box) box.value = new URL(location.href).searchParams.get(box.dataset.parameter) || "";
    refresh();
  });

  let typing = 0;
  document.addEventListener("input", (event) => {
    const box = event.target;
    if (!box.dataset || !box.dataset.parameter) return;
    clearTimeout(typing);
    typing = setTimeout(() => {
      const address = new URL(location.href);
      address.searchParams.delete("page");
      if (box.value) address.searchParams.set(box.dataset.parameter, box.value);
      else address.searchParams.delete(box.dataset.parameter);
      history.replaceState(null, "", address);
      refresh();
    }, 150);
  });

  // --- clocks that tick ---

  function duration(ms) {
    const s = ms / 1000;
    if (ms < 100) return `${Math.round(ms)} ms`;
    if (s < 1) return `${s.toFixed(1)} s`;
    if (s < 60) return `${s.toFixed(0)} s`;
    if (s < 600) return `${(s / 60).toFixed(1)} min`;
    if (s < 3600) return `${(s / 60).toFixed(0)} min`;
    return `${(s / 3600).toFixed(1)} h`;
  }
  function words(ms) {
    const s = Math.floor(ms / 1000);
    const parts = [[Math.floor(s / 604800), "week"], [Math.floor(s / 86400) % 7, "day"],
      [Math.floor(s / 3600) % 24, "hour"], [Math.floor(s / 60) % 60, "minute"], [s % 60, "second"]];
    return parts.filter(([n]) => n > 0).map(([n, unit]) => `${n} ${unit}${n === 1 ? "" : "s"}`).join(" ");
  }
  setInterval(() => {
    if (paused || document.hidden || !stream || stream.readyState !== EventSource.OPEN) return;
    for (const clock of document.querySelectorAll("[data-since]")) {
      const ms = Date.now() - Number(clock.dataset.since);
      const text = "words" in clock.dataset ? words(ms) : duration(ms);
      if (clock.textContent !== text) clock.textContent = text;
    }
  }, 1000);

  nameTheme();
  pauseButton.hidden = false;
  themeButton.hidden = false;
  open();
})();
