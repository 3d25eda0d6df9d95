/** Runs benchmarks and prints their rows: a table for people, one JSON object for machines. */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { arch, cpus, platform } from "node:os";

import type { Bench, Row } from "./row.ts";

const LOADERS: Readonly<Record<string, () => Promise<{ bench: Bench }>>> = {
  firmware: () => import("./firmware.ts"),
  air: () => import("./air.ts"),
  ota: () => import("./ota.ts"),
  powercut: () => import("./powercut.ts"),
  tokens: () => import("./tokens.ts"),
  verify: () => import("./verify.ts"),
  fleet: () => import("./fleet.ts"),
  flood: () => import("./flood.ts"),
  gateway: () => import("./gateway.ts"),
  app: () => import("./app.ts"),
};

export const BENCHES: readonly string[] = Object.keys(LOADERS);

function machine(): string {
  return `${platform()} ${arch()}, ${cpus().length} x ${cpus()[0]?.model ?? "unknown"}, node ${process.version}`;
}

function commit(): string {
  try {
    return execFileSync("git", ["rev-parse", "--short", "HEAD"], { stdio: ["ignore", "pipe", "ignore"] })
      .toString()
      .trim();
  } catch {
    return "none";
  }
}

function table(rows: readonly Row[]): string {
  const cells = rows.map((row) => [
    row.case,
    row.metric,
    `${Number(row.value.toPrecision(5))} ${row.unit}`,
    row.peer ?? "",
    row.goal === null ? "" : `goal ${row.goal}`,
  ]);
  const widths = [0, 1, 2, 3].map((column) => Math.max(0, ...cells.map((cell) => cell[column]?.length ?? 0)));
  return cells
    .map((cell) =>
      cell
        .map((text, i) => text.padEnd(widths[i] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

async function runOne(name: string, options: { json: boolean; quick: boolean }): Promise<object | undefined> {
  const loader = LOADERS[name];
  if (loader === undefined) return undefined;
  const { bench } = await loader();
  const missing = (what: string) => process.stderr.write(`bench ${name}: left out: ${what}\n`);
  const rows = await bench.run({ quick: options.quick, missing });
  if (!options.json) {
    process.stdout.write(`${name} on ${machine()}\n${table(rows)}\n`);
    if (bench.plot !== undefined) {
      mkdirSync("out/bench", { recursive: true });
      writeFileSync(`out/bench/${name}.svg`, bench.plot(rows));
      process.stdout.write(`curve: out/bench/${name}.svg\n`);
    }
  }
  return { bench: name, machine: machine(), commit: commit(), rows };
}

/** @returns The exit code: 0, or 2 for a name that is no benchmark. */
export async function runBenches(name: string, options: { json: boolean; quick: boolean }): Promise<number> {
  const names = name === "all" ? BENCHES : [name];
  const results: object[] = [];
  for (const each of names) {
    const result = await runOne(each, options);
    if (result === undefined) {
      process.stderr.write(`latchkey bench: no benchmark is called ${each}; there are ${BENCHES.join(", ")}\n`);
      return 2;
    }
    results.push(result);
  }
  if (options.json) process.stdout.write(`${JSON.stringify(name === "all" ? results : results[0])}\n`);
  return 0;
}
