/** The values of a variable that the unit itself has kept, as a chart. */
import type { JSX } from "preact";
import { Chart, type Sample } from "#web/ui/chart.tsx";
import type { ValueSchema } from "#web/ui/described.ts";
import { useTexts } from "#web/ui/language.ts";
import { DEV_TEXTS } from "./dev-texts.ts";
import type { KeptHistory } from "./interface.ts";

interface HistoryChartProps {
  /** Of the variable. */
  readonly title: string;
  readonly history: KeptHistory;
  readonly schema: ValueSchema | undefined;
}

/** What could not be read leaves a gap in time, over which the line goes on. */
function samplesOf({ values, lastAtMs, intervalMs }: KeptHistory): readonly Sample[] {
  return values.flatMap((value, place): readonly Sample[] => {
    if (value === null) return [];
    return [[lastAtMs - (values.length - 1 - place) * intervalMs, Number(value)]];
  });
}

export function HistoryChart({ title, history, schema }: HistoryChartProps): JSX.Element {
  const text = useTexts(DEV_TEXTS);
  const { values, intervalMs, lastAtMs } = history;
  const about = { name: title, count: values.length, seconds: intervalMs / 1_000 };
  return (
    <div class="stack" data-history={values.length}>
      <span class="soft small">{text("history", about)}</span>
      <Chart
        title={text("history", about)}
        samples={samplesOf(history)}
        nowMs={lastAtMs}
        spanMs={Math.max(1, values.length - 1) * intervalMs}
        schema={schema}
        isStepped={schema?.type === "bool"}
      />
    </div>
  );
}
