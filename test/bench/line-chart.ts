/** A small SVG of lines over two axes. */

interface Line {
  readonly name: string;
  readonly colour: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

interface Tick {
  readonly at: number;
  readonly words: string;
}

interface Chart {
  readonly title: string;
  readonly lines: readonly Line[];
  readonly xTicks: readonly Tick[];
  readonly yTicks: readonly Tick[];
  /** Where the axes end; they begin at 0. */
  readonly xMost: number;
  readonly yMost: number;
}

const [WIDTH, HEIGHT, EDGE] = [560, 360, 48];

export function lineChart({ title, lines, xTicks, yTicks, xMost, yMost }: Chart): string {
  const x = (value: number) => EDGE + (value / xMost) * (WIDTH - 2 * EDGE);
  const y = (value: number) => HEIGHT - EDGE - (value / yMost) * (HEIGHT - 2 * EDGE);
  const text = (at: number, top: number, words: string, colour = "#333") =>
    `<text x="${at.toFixed(1)}" y="${top.toFixed(1)}" fill="${colour}" font-family="sans-serif" font-size="12">${words}</text>`;
  const parts = lines.flatMap(({ name, colour, points }, i) => [
    `<polyline points="${points.map(([a, b]) => `${x(a).toFixed(1)},${y(b).toFixed(1)}`).join(" ")}" fill="none" stroke="${colour}" stroke-width="2"/>`,
    text(EDGE + 12, EDGE + 16 * i, name, colour),
  ]);
  for (const { at, words } of xTicks) parts.push(text(x(at) - 8, HEIGHT - EDGE + 18, words));
  for (const { at, words } of yTicks) parts.push(text(8, y(at), words));
  const box = `viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${box}><rect width="100%" height="100%" fill="#fff"/>${text(EDGE, 20, title)}${parts.join("")}</svg>\n`;
}
