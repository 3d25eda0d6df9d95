/** How much worse than the first step an idle fleet is at each size: a ping's p99 and the time that a connection takes. */
import { WORSE } from "./fleet-knee.ts";
import { lineChart } from "./line-chart.ts";
import type { Row } from "./row.ts";

const STEP = /^idle\/(\d+)$/;

export function plotFleet(rows: readonly Row[]): string {
  const curve = (metric: string, worseIs: (value: number, first: number) => number) => {
    const points = rows.flatMap((row) => {
      const devices = STEP.exec(row.case)?.[1];
      return devices !== undefined && row.metric === metric ? [[Number(devices), row.value] as const] : [];
    });
    const first = points[0]?.[1] ?? 1;
    return { first, points: points.map(([devices, value]) => [devices, worseIs(value, first)] as const) };
  };
  const ping = curve("p99", (value, first) => value / first);
  const connecting = curve("rate", (value, first) => first / value);
  const all = [...ping.points, ...connecting.points];
  const xMost = Math.max(1, ...all.map(([devices]) => devices));
  const yMost = Math.max(WORSE + 1, ...all.map(([, times]) => times));
  const sizes = ping.points.map(([devices]) => devices).filter((devices) => devices >= xMost / 10);
  return lineChart({
    title: "Idle devices on one process: times as slow as the first step",
    lines: [
      { name: `p99 of a ping (first: ${ping.first.toFixed(1)} ms)`, colour: "#06c", points: ping.points },
      {
        name: `a connection (first: ${connecting.first.toFixed(0)} a second)`,
        colour: "#c50",
        points: connecting.points,
      },
      { name: "clearly worse", colour: "#999", points: [[0, WORSE] as const, [xMost, WORSE] as const] },
    ],
    xTicks: sizes.map((devices) => ({ at: devices, words: String(devices) })),
    yTicks: [0, 1, WORSE, yMost].map((times) => ({ at: times, words: `${Number(times.toFixed(1))} x` })),
    xMost,
    yMost,
  });
}
