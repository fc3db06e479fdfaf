// One crosshair for all charts of a page, by pointer or by keys. The numbers are those of the table that each chart is
// linked to: its rows carry their time, its cells what is read out.
"use strict";
(() => {
  let chosen = null; // time of the batch under the crosshair
  let tables = new Map(); // rows by table, oldest first; emptied when the page has changed

  function charts() {
    return document.querySelectorAll("svg[data-columns]");
  }

  function batches(svg) {
    const name = svg.dataset.table;
    if (!tables.has(name)) {
      const table = document.getElementById(name);
      const rows = table ? [...table.tBodies[0].rows] : [];
      tables.set(name, rows.map((row) => ({ ms: Number(row.dataset.ms), cells: row.cells })).reverse());
    }
    return tables.get(name);
  }

  function nearest(list, ms) {
    let low = 0;
    let high = list.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (list[middle].ms < ms) low = middle + 1;
      else high = middle;
    }
    return low > 0 && ms - list[low - 1].ms < list[low].ms - ms ? low - 1 : low;
  }

  function draw(svg) {
    const cursor = svg.querySelector(".cursor");
    const readout = svg.closest("figure").querySelector(".readout");
    const list = batches(svg);
    // Charts of several queries share the crosshair: what lies outside a chart's time is not in it.
    const inside = chosen !== null && list.length > 0 &&
      chosen >= Math.min(list[0].ms, Number(svg.dataset.first)) &&
      chosen <= Math.max(list[list.length - 1].ms, Number(svg.dataset.last));
    const batch = inside ? list[nearest(list, chosen)] : null;
    cursor.replaceChildren();
    if (!batch) {
      readout.textContent = "";
      return;
    }
    const { first, last, left, right, top, bottom } = svg.dataset;
    const share = (batch.ms - Number(first)) / (Number(last) - Number(first));
    const x = Number(left) + share * (Number(right) - Number(left));
    const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
    line.setAttribute("d", `M${x.toFixed(1)} ${top}V${bottom}`);
    cursor.append(line);
    const figure = svg.closest("figure");
    const names = figure.querySelectorAll(".legend li");
    const values = svg.dataset.columns.split(",").map((column, i) => {
      const text = batch.cells[Number(column)].textContent;
      return names.length > 1 ? `${names[i].textContent} ${text}` : text;
    });
    const unit = figure.querySelector(".unit").textContent;
    readout.textContent =
      `batch ${batch.cells[0].textContent} (${batch.cells[1].textContent}): ${values.join(" · ")} ${unit}`;
  }

  function drawAll(source) {
    for (const svg of charts()) {
      // only the chart in hand is read out
      svg.closest("figure").querySelector(".readout").setAttribute("aria-live", svg === source ? "polite" : "off");
      draw(svg);
    }
  }

  document.addEventListener("pointermove", (event) => {
    const svg = event.target.closest && event.target.closest("svg[data-columns]");
    if (!svg) {
      if (chosen !== null && !document.activeElement.matches("svg[data-columns]")) {
        chosen = null;
        drawAll(null);
      }
      return;
    }
    const box = svg.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * svg.viewBox.baseVal.width;
    const { first, last, left, right } = svg.dataset;
    const share = Math.min(1, Math.max(0, (x - Number(left)) / (Number(right) - Number(left))));
    chosen = Number(first) + share * (Number(last) - Number(first));
    drawAll(svg);
  });

  document.addEventListener("keydown", (event) => {
    const svg = event.target.closest && event.target.closest("svg[data-columns]");
    if (!svg) return;
    const list = batches(svg);
    if (list.length === 0) return;
    const at = chosen === null ? list.length : nearest(list, chosen);
    let to;
    if (event.key === "ArrowLeft") to = at - 1;
    else if (event.key === "ArrowRight") to = at + 1;
    else if (event.key === "Home") to = 0;
    else if (event.key === "End") to = list.length - 1;
    else if (event.key === "Escape") to = null;
    else return;
    event.preventDefault();
    chosen = to === null ? null : list[Math.max(0, Math.min(list.length - 1, to))].ms;
    drawAll(svg);
  });

  document.addEventListener("focusout", (event) => {
    if (!event.target.matches || !event.target.matches("svg[data-columns]")) return;
    chosen = null;
    drawAll(null);
  });

  // A link to the table opens it.
  document.addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest(".quantiles a");
    if (!link) return;
    const details = document.getElementById(link.hash.slice(1)).closest("details");
    if (details) details.open = true;
  });

  document.addEventListener("sf:updated", () => {
    tables = new Map();
    if (chosen !== null) for (const svg of charts()) draw(svg);
  });
})();
