/** Pins and buses: what the unit drives is shown, what the outside drives can be set. */
import type { JSX } from "preact";
import { Chart } from "#web/ui/chart.tsx";
import type { ValueSchema } from "#web/ui/described.ts";
import { useLanguage, useTexts } from "#web/ui/language.ts";
import { readInput } from "#web/ui/read-input.ts";
import { Card } from "#web/ui/surfaces.tsx";
import { SwitchRow } from "#web/ui/switch.tsx";
import { ValueField } from "#web/ui/value-field.tsx";
import { valueText } from "#web/ui/value-text.ts";
import { type CardProps, SPAN_MS } from "./dev-cards.tsx";
import { request } from "./dev-client.ts";
import { DEV_TEXTS } from "./dev-texts.ts";
import type { Signal } from "./interface.ts";

/** What a TMP102 measures. */
const CELSIUS: ValueSchema = { type: "number", min: -40, max: 125, step: 0.0625, unit: "°C" };
const ROOM_CELSIUS = 21;

function schemaOf({ kind, max }: Signal): ValueSchema {
  if (kind === "i2c") return CELSIUS;
  return max === 1 ? { type: "bool" } : { type: "int", min: 0, max };
}

export function SignalCard({ state, samples, nowMs, report }: CardProps): JSX.Element {
  const text = useTexts(DEV_TEXTS);
  const set = async ({ name }: Signal, value: number | null) => report(await request("signal", { name, value }));
  return (
    <Card title={text("signals")}>
      {state.signals.length === 0 && <p class="soft">{text("noSignals")}</p>}
      {state.signals.some(({ isInput, canSet }) => isInput && !canSet) && <p class="soft small">{text("cannotSet")}</p>}
      {state.signals.map((signal) => {
        const series = samples[`signal ${signal.name}`];
        return (
          <div class="stack" key={signal.name} data-signal={signal.name}>
            <SignalControl
              signal={signal}
              canSet={state.isPowered && signal.canSet}
              set={(value) => void set(signal, value)}
            />
            {series !== undefined && series.length > 1 && (
              <Chart
                title={signal.title}
                samples={series}
                nowMs={nowMs}
                spanMs={SPAN_MS}
                schema={schemaOf(signal)}
                isStepped
                isSmall
              />
            )}
          </div>
        );
      })}
    </Card>
  );
}

interface ControlProps {
  readonly signal: Signal;
  readonly canSet: boolean;
  set(value: number | null): void;
}

function SignalControl({ signal, canSet, set }: ControlProps): JSX.Element {
  const text = useTexts(DEV_TEXTS);
  const language = useLanguage();
  const { title, isInput, kind, value } = signal;
  const schema = schemaOf(signal);
  const onInput = (input: string | boolean) => {
    const read = readInput(schema, input);
    if ("value" in read) set(Number(read.value));
  };
  if (!isInput) {
    const shown = schema.type === "bool" ? value !== 0 : value;
    return (
      <div class="switch-row">
        <span>{title}</span>
        <span class={`badge ${value === 0 ? "" : "good"}`}>{valueText(shown, schema, language)}</span>
      </div>
    );
  }
  if (kind === "i2c") {
    return (
      <>
        <div class="soft small">I²C {title}</div>
        <SwitchRow
          label={text("thermometer")}
          isOn={value !== null}
          disabled={!canSet}
          onSwitch={(isOn) => set(isOn ? ROOM_CELSIUS : null)}
        />
        {value !== null && (
          <ValueField title={title} schema={schema} input={String(value)} disabled={!canSet} onInput={onInput} />
        )}
      </>
    );
  }
  if (schema.type === "bool") {
    return <SwitchRow label={title} isOn={value !== 0} disabled={!canSet} onSwitch={(isOn) => set(isOn ? 1 : 0)} />;
  }
  return <ValueField title={title} schema={schema} input={String(value ?? 0)} disabled={!canSet} onInput={onInput} />;
}
