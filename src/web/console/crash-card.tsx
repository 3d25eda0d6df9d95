/** How a unit's app failed last, as far as its owner lets the maker see it: where, the stack, the unit's last lines. */
import type { JSX } from "preact";
import type { CrashView } from "#cloud/http/interface.ts";
import { Facts, Moment } from "#web/ui/figures.tsx";
import { useTexts } from "#web/ui/language.ts";
import { Card } from "#web/ui/surfaces.tsx";
import { CONSOLE_TEXTS } from "./console-texts.ts";
import { Fault } from "./parts.tsx";

interface CrashCardProps {
  /** The unit's ID. */
  readonly id: string;
  readonly crash: CrashView;
  readonly nowMs: number;
}

export function CrashCard({ id, crash, nowMs }: CrashCardProps): JSX.Element {
  const text = useTexts(CONSOLE_TEXTS);
  const { atMs, level, release, name, message, fault, stack, lines, missed } = crash;
  return (
    <Card title={text("crash")}>
      <Facts
        facts={[
          { name: text("when"), value: <Moment atMs={atMs} nowMs={nowMs} /> },
          { name: text("release"), value: release },
          { name: text("crashIn"), value: <span class="mono">{name}</span> },
          { name: text("reason"), value: <Fault fault={fault} isLong /> },
        ]}
      />
      <Log title={text("message")} log={message} />
      <Log title={text("stack")} log={stack.trimEnd()} />
      <Log title={text("lastLines")} log={lines.trimEnd()} />
      {missed > 0 && <p class="soft small">{text("crashMissed", { count: missed })}</p>}
      <p class="soft small">
        {text(level === "all" ? "crashAll" : "crashLevel")} {text("crashNames")}{" "}
        <span class="mono">latchkey cloud crash {id} --names FILE</span>
      </p>
    </Card>
  );
}

/** Nothing where there is nothing to show. */
function Log({ title, log }: { readonly title: string; readonly log: string }): JSX.Element | null {
  if (log === "") return null;
  return (
    <div class="stack">
      <h3>{title}</h3>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard (WCAG 2.1.1) */}
      <pre class="log" role="log" tabIndex={0} aria-label={title}>
        {log}
      </pre>
    </div>
  );
}
