/** Numbers and facts at a glance: large figures, a bar of parts, pairs of name and value, moments. */
import type { ComponentChildren, JSX } from "preact";
import { numberText, useLanguage, useTexts } from "./language.ts";
import type { Tone } from "./surfaces.tsx";
import { UI_TEXTS } from "./ui-texts.ts";

interface Figure {
  readonly title: string;
  readonly value: number;
  readonly tone?: Tone | undefined;
  /** Where its parts are listed. */
  readonly href?: string;
}

export function Figures({ figures }: { readonly figures: readonly Figure[] }): JSX.Element {
  const language = useLanguage();
  return (
    <dl class="figures">
      {figures.map(({ title, value, tone, href }) => (
        <div key={title} class="figure">
          <dt class="soft small">{title}</dt>
          <dd class={`numbers ${value === 0 ? "" : (tone ?? "")}`}>
            {href === undefined || value === 0 ? (
              numberText(value, language)
            ) : (
              <a href={href}>{numberText(value, language)}</a>
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}

interface Part {
  readonly title: string;
  readonly value: number;
  readonly tone?: Tone | "plain" | undefined;
}

/** How a whole is made up. Parts of nothing are left out; what is not in a part stays empty. */
export function PartsBar({
  label,
  total,
  parts,
}: {
  readonly label: string;
  readonly total: number;
  readonly parts: readonly Part[];
}): JSX.Element {
  const language = useLanguage();
  const shown = parts.filter(({ value }) => value > 0);
  const said = shown.map(({ title, value }) => `${numberText(value, language)} ${title}`).join(", ");
  return (
    <div class="parts">
      <svg
        class="parts-bar"
        viewBox="0 0 1000 10"
        preserveAspectRatio="none"
        role="img"
        aria-label={`${label}: ${said}`}
      >
        {shown.map(({ title, value, tone }, i) => {
          const before = shown.slice(0, i).reduce((sum, part) => sum + part.value, 0);
          const [x, width] = [before, value].map((count) => (count / Math.max(1, total)) * 1_000);
          return <rect key={title} class={tone ?? ""} x={x} y={0} width={width} height={10} />;
        })}
      </svg>
      <ul class="parts-legend small">
        {shown.map(({ title, value, tone }) => (
          <li key={title} class={tone ?? ""}>
            <span class="numbers">{numberText(value, language)}</span> {title}
          </li>
        ))}
      </ul>
    </div>
  );
}

export function Facts({
  facts,
}: {
  readonly facts: readonly { readonly name: string; readonly value: ComponentChildren }[];
}): JSX.Element {
  return (
    <dl class="facts">
      {facts.map(({ name, value }) => (
        <div key={name}>
          <dt class="soft">{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

const STEPS = [
  ["year", 31_557_600],
  ["month", 2_629_800],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
] as const;

/** A moment as its distance from now, with the date and time behind it. */
export function Moment({ atMs, nowMs }: { readonly atMs: number; readonly nowMs: number }): JSX.Element {
  const language = useLanguage();
  const text = useTexts(UI_TEXTS);
  const at = new Date(atMs);
  const seconds = (atMs - nowMs) / 1_000;
  const [unit, size] = STEPS.find(([, each]) => Math.abs(seconds) >= each) ?? [undefined, 1];
  const said =
    unit === undefined
      ? text("justNow")
      : new Intl.RelativeTimeFormat(language, { numeric: "auto" }).format(Math.trunc(seconds / size), unit);
  return (
    <time dateTime={at.toISOString()} title={at.toLocaleString(language)}>
      {said}
    </time>
  );
}
