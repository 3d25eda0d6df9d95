/** Median seconds over loss, a line for each protocol. */
import { lineChart } from "./line-chart.ts";
import type { Row } from "./row.ts";

const LINES = [
  ["air/sealed64", "#0a7"],
  ["esptouch-v2/short", "#06c"],
  ["airkiss/short", "#a3c"],
  ["esptouch-v1/short", "#c50"],
] as const;
const LOSSES = [0, 10, 20, 30, 40, 50];

export function plotAir(rows: readonly Row[]): string {
  const median = (name: string, loss: number) =>
    rows.find((row) => row.case === `${name}/iid${loss}/1ch` && row.metric === "median")?.value;
  const highest = Math.max(...LINES.flatMap(([name]) => LOSSES.map((loss) => median(name, loss) ?? 0)), 1);
  return lineChart({
    title: "Median seconds to credentials over frame loss (simulated air, one channel)",
    lines: LINES.map(([name, colour]) => ({
      name,
      colour,
      points: LOSSES.flatMap((loss) => {
        const seconds = median(name, loss);
        return seconds === undefined ? [] : [[loss, seconds] as const];
      }),
    })),
    xTicks: LOSSES.map((loss) => ({ at: loss, words: `${loss} %` })),
    yTicks: [0, 0.5, 1].map((share) => ({ at: highest * share, words: `${(highest * share).toFixed(1)} s` })),
    xMost: 50,
    yMost: highest,
  });
}
