/** A line over time. Its summary is a text, so that whoever can't see it knows the same. */
import type { JSX } from "preact";
import type { ValueSchema } from "./described.ts";
import { useLanguage, useTexts } from "./language.ts";
import { UI_TEXTS } from "./ui-texts.ts";
import { valueText } from "./value-text.ts";

/** A moment in milliseconds, and the value from then on. */
export type Sample = readonly [atMs: number, value: number];

interface ChartProps {
  readonly title: string;
  readonly samples: readonly Sample[];
  /** The right end; the last sample goes on until then. */
  readonly nowMs: number;
  /** How much time the chart shows. */
  readonly spanMs: number;
  readonly schema?: ValueSchema | undefined;
  /** A value holds until the next one: outputs and switches. */
  readonly isStepped?: boolean;
  /** Beside a control, in place of a chart of its own. */
  readonly isSmall?: boolean;
}

const WIDTH = 600;
const HEIGHT = 100;

const UNITS = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
] as const;

/** In the largest unit of which there are at least two. */
function durationText(ms: number): string {
  const [unit, size] = UNITS.find(([, each]) => ms >= 2 * each) ?? ["s", 1_000];
  return `${Math.round(ms / size)} ${unit}`;
}

function boundsOf(samples: readonly Sample[], schema: ValueSchema | undefined): readonly [number, number] {
  const values = samples.map(([, value]) => value);
  const low = Math.min(...values, schema?.type === "bool" ? 0 : Number.POSITIVE_INFINITY);
  const high = Math.max(...values, schema?.type === "bool" ? 1 : Number.NEGATIVE_INFINITY);
  if (low !== high) return [low, high];
  return [low - 1, high + 1];
}

/** Points of the line from the left end to the right. */
function pointsOf({ samples, nowMs, spanMs, schema, isStepped }: ChartProps): readonly (readonly [number, number])[] {
  const fromMs = nowMs - spanMs;
  const [low, high] = boundsOf(samples, schema);
  const x = (atMs: number) => ((Math.max(fromMs, atMs) - fromMs) / spanMs) * WIDTH;
  const y = (value: number) => HEIGHT - ((value - low) / (high - low)) * HEIGHT;
  const points: (readonly [number, number])[] = [];
  let before: number | undefined;
  for (const [atMs, value] of samples) {
    if (isStepped && before !== undefined) points.push([x(atMs), y(before)]);
    points.push([x(atMs), y(value)]);
    before = value;
  }
  if (before !== undefined) points.push([WIDTH, y(before)]);
  return points;
}

export function Chart(props: ChartProps): JSX.Element {
  const { title, nowMs, spanMs, schema, isSmall = false } = props;
  const text = useTexts(UI_TEXTS);
  const language = useLanguage();
  // The last one before the left end is where the line begins.
  const first = props.samples.findLastIndex(([atMs]) => atMs <= nowMs - spanMs);
  const samples = props.samples.slice(Math.max(0, first));
  if (samples.length === 0) return <p class="soft small">{text("noValues")}</p>;
  const said = (value: number) =>
    schema?.type === "bool" ? valueText(value !== 0, schema, language) : valueText(value, schema, language);
  const values = samples.map(([, value]) => value);
  const [min, max, last] = [Math.min(...values), Math.max(...values), values.at(-1) ?? 0].map(said) as [
    string,
    string,
    string,
  ];
  const points = pointsOf({ ...props, samples });
  const line = points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");
  const [left = 0] = points[0] ?? [];
  return (
    <div class={`chart ${isSmall ? "small-chart" : ""}`}>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={text("chartSummary", { name: title, last, min, max })}
      >
        <title>{text("chartSummary", { name: title, last, min, max })}</title>
        {[0, 0.5, 1].map((part) => (
          <line key={part} class="grid" x1={0} x2={WIDTH} y1={part * HEIGHT} y2={part * HEIGHT} />
        ))}
        <polygon class="area" points={`${left.toFixed(1)},${HEIGHT} ${line} ${WIDTH},${HEIGHT}`} />
        <polyline class="series" points={line} />
      </svg>
      <div class="axis" aria-hidden="true">
        <span>−{durationText(spanMs)}</span>
        <span>{min === max ? min : `${min} – ${max}`}</span>
        <span>{last}</span>
      </div>
    </div>
  );
}
