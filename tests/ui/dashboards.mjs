// Every metric that config/grafana and config/prometheus name is in the running pipeline's /metrics, with the labels
// they select by.
import { readFileSync } from "node:fs";
import { check, ensure } from "./harness.mjs";

function expressions() {
  const found = [];
  const dashboard = JSON.parse(readFileSync("config/grafana/sfcrime.json", "utf8"));
  for (const panel of dashboard.panels) for (const target of panel.targets) found.push([`panel ${panel.title}`, target.expr]);
  for (const variable of dashboard.templating.list) if (/label_values/.test(variable.query)) found.push([`variable ${variable.name}`, variable.query]);
  const rules = readFileSync("config/prometheus/sfcrime.rules.yml", "utf8");
  for (const rule of rules.split(/^ {6}- alert: /m).slice(1)) {
    const [, block, line] = /expr: (?:\|\n((?: {10}.*\n)+)|(.*)\n)/.exec(rule) || [];
    found.push([`rule ${rule.split("\n")[0]}`, block || line || ""]);
  }
  return found;
}

export async function dashboards(pipeline) {
  const text = await pipeline.text("/metrics");
  const samples = text.split("\n").filter((line) => line && !line.startsWith("#"));
  await check("dashboards: there are panels and rules", () => ensure(expressions().length > 10, "hardly any"));
  for (const [where, expression] of expressions()) {
    await check(`dashboards: ${where}: its metrics are there`, () => {
      const names = [...expression.matchAll(/((?:sfcrime|process)_[a-z_]+)(?:\{([^}]*)\})?/g)];
      ensure(names.length > 0, `no metric in ${expression}`);
      for (const [, name, selectors = ""] of names) {
        const found = samples.filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
        ensure(found.length > 0, `${name} is not in /metrics`);
        for (const [, label] of selectors.matchAll(/([a-z_]+)(?:=~|!=|=)"/g))
          ensure(label === "job" || found.every((line) => line.includes(`${label}="`)), `${name} has no label ${label}`);
        for (const [, label, value] of selectors.matchAll(/([a-z_]+)="([^"$]+)"/g))
          ensure(found.some((line) => line.includes(`${label}="${value}"`)), `${name} has no ${label} ${value}`);
      }
    });
  }
}
