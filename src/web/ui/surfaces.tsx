/** Cards, badges, notices and meters. */
import type { ComponentChild, ComponentChildren, JSX } from "preact";
import { useId } from "preact/hooks";
import { bytesText, useLanguage } from "./language.ts";

interface CardProps {
  /** A text, or a link to what the card is about. */
  readonly title: ComponentChild;
  /** At the other end of the title's row. */
  readonly aside?: ComponentChildren;
  readonly children: ComponentChildren;
}

export function Card({ title, aside, children }: CardProps): JSX.Element {
  const id = useId();
  return (
    <section class="card" aria-labelledby={id}>
      <header>
        <h2 id={id}>{title}</h2>
        {aside}
      </header>
      {children}
    </section>
  );
}

export type Tone = "good" | "warn" | "bad";

export function Badge({
  tone,
  children,
}: {
  readonly tone?: Tone | undefined;
  readonly children: ComponentChildren;
}): JSX.Element {
  return <span class={`badge ${tone ?? ""}`}>{children}</span>;
}

/** Something that a person must know, with its headline. Trouble is read out at once. */
export function Notice({
  tone,
  title,
  children,
}: {
  readonly tone?: "warn" | "bad";
  readonly title: string;
  readonly children?: ComponentChildren;
}): JSX.Element {
  return (
    <div class={`notice ${tone ?? ""}`} role={tone === "bad" ? "alert" : "status"}>
      <strong>{title}</strong>
      {children}
    </div>
  );
}

/** How much of something is in use, in bytes. */
export function ByteMeter({
  label,
  used,
  total,
}: {
  readonly label: string;
  readonly used: number;
  readonly total: number;
}): JSX.Element {
  const language = useLanguage();
  const share = total === 0 ? 0 : Math.min(1, used / total);
  const id = useId();
  const said = `${bytesText(used, language)} / ${bytesText(total, language)}`;
  return (
    <div class="meter">
      <div class="row apart small">
        <span id={id}>{label}</span>
        <span class="soft numbers">{said}</span>
      </div>
      {/* biome-ignore lint/a11y/useSemanticElements: browsers draw <meter> in colours of their own */}
      <div
        class={`bar ${share > 0.9 ? "full" : ""}`}
        role="meter"
        aria-labelledby={id}
        aria-valuemin={0}
        aria-valuemax={total}
        aria-valuenow={used}
        aria-valuetext={said}
      >
        <span style={{ width: `${share * 100}%` }} />
      </div>
    </div>
  );
}
