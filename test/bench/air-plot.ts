/** Median seconds over loss, a line for each protocol. */
import type { Row } from "./row.ts";

const LINES = [
  ["air/sealed64", "#0a7"],
  ["esptouch-v2/short", "#06c"],
  ["airkiss/short", "#a3c"],
  ["esptouch-v1/short", "#c50"],
] as const;
const LOSSES = [0, 10, 20, 30, 40, 50];
const [WIDTH, HEIGHT, EDGE] = [560, 360, 48];

export function plotAir(rows: readonly Row[]): string {
  const median = (name: string, loss: number) =>
    rows.find((row) => row.case === `${name}/iid${loss}/1ch` && row.metric === "median")?.value;
  const highest = Math.max(...LINES.flatMap(([name]) => LOSSES.map((loss) => median(name, loss) ?? 0)), 1);
  const x = (loss: number) => EDGE + (loss / 50) * (WIDTH - 2 * EDGE);
  const y = (seconds: number) => HEIGHT - EDGE - (seconds / highest) * (HEIGHT - 2 * EDGE);
  const text = (at: number, top: number, words: string, colour = "#333") =>
    `<text x="${at.toFixed(1)}" y="${top.toFixed(1)}" fill="${colour}" font-family="sans-serif" font-size="12">${words}</text>`;
  const parts = LINES.flatMap(([name, colour], i) => {
    const points = LOSSES.flatMap((loss) => {
      const seconds = median(name, loss);
      return seconds === undefined ? [] : [`${x(loss).toFixed(1)},${y(seconds).toFixed(1)}`];
    });
    return [
      `<polyline points="${points.join(" ")}" fill="none" stroke="${colour}" stroke-width="2"/>`,
      text(EDGE + 12, EDGE + 16 * i, name, colour),
    ];
  });
  for (const loss of LOSSES) parts.push(text(x(loss) - 8, HEIGHT - EDGE + 18, `${loss} %`));
  for (const share of [0, 0.5, 1]) parts.push(text(8, y(highest * share), `${(highest * share).toFixed(1)} s`));
  const box = `viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}"`;
  const title = text(EDGE, 20, "Median seconds to credentials over frame loss (simulated air, one channel)");
  return `<svg xmlns="http://www.w3.org/2000/svg" ${box}><rect width="100%" height="100%" fill="#fff"/>${title}${parts.join("")}</svg>\n`;
}
