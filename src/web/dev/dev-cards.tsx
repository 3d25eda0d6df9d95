/** The cards of the development page: what the unit has, and what a person can do with it. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Chart, type Sample } from "#web/ui/chart.tsx";
import { List } from "#web/ui/collections.tsx";
import { type CallOutcome, FunctionForm } from "#web/ui/function-form.tsx";
import { describedText, useLanguage, useTexts } from "#web/ui/language.ts";
import { SettingsForm } from "#web/ui/settings-form.tsx";
import { ByteMeter, Card } from "#web/ui/surfaces.tsx";
import { valueText } from "#web/ui/value-text.ts";
import { request } from "./dev-client.ts";
import { DEV_TEXTS } from "./dev-texts.ts";
import { HistoryChart } from "./history-chart.tsx";
import type { DevReply, DevState } from "./interface.ts";

export const SPAN_MS = 60_000;

export interface CardProps {
  readonly state: DevState;
  readonly samples: Readonly<Record<string, readonly Sample[]>>;
  readonly nowMs: number;
  /** Tells what went wrong, if anything did. */
  report(reply: DevReply): void;
}

/** The present, moved on a few times a second so that charts do. */
export function useNowMs(): number {
  const [nowMs, setNowMs] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), 500);
    return () => clearInterval(timer);
  }, []);
  return nowMs;
}

export function FunctionCard({ state }: CardProps): JSX.Element {
  const text = useTexts(DEV_TEXTS);
  const functions = Object.entries(state.description?.functions ?? {});
  const run = (name: string) => async (args: Parameters<Parameters<typeof FunctionForm>[0]["run"]>[0]) => {
    const reply = await request("call", { name, args });
    return ("error" in reply ? reply : { answer: reply.answer ?? null }) satisfies CallOutcome;
  };
  return (
    <Card title={text("functions")}>
      {state.description === null && <p class="soft">{text("waiting")}</p>}
      {state.description !== null && functions.length === 0 && <p class="soft">{text("noFunctions")}</p>}
      {functions.map(([name, described]) => (
        <FunctionForm key={name} name={name} described={described} disabled={!state.isLinked} run={run(name)} />
      ))}
    </Card>
  );
}

/** Absent where the app has no settings. */
export function SettingsCard({ state }: CardProps): JSX.Element | null {
  const text = useTexts(DEV_TEXTS);
  const settings = state.description?.settings ?? {};
  if (Object.keys(settings).length === 0) return null;
  return (
    <Card title={text("appSettings")}>
      <SettingsForm
        label={text("appSettings")}
        settings={settings}
        values={state.settings}
        disabled={!state.isLinked}
        save={async (name, value) => {
          const reply = await request("setting", { name, value });
          return "error" in reply ? reply.error : undefined;
        }}
      />
    </Card>
  );
}

export function VariableCard({ state, samples, nowMs }: CardProps): JSX.Element {
  const text = useTexts(DEV_TEXTS);
  const language = useLanguage();
  const variables = Object.entries(state.description?.variables ?? {});
  return (
    <Card title={text("variables")}>
      {state.description === null && <p class="soft">{text("waiting")}</p>}
      {state.description !== null && variables.length === 0 && <p class="soft">{text("noVariables")}</p>}
      {variables.length > 0 && (
        <List
          label={text("variables")}
          items={variables.map(([name, { value: schema, texts }]) => ({
            key: name,
            name: describedText(name, texts, language).title,
            value: valueText(state.variables[name], schema, language),
          }))}
        />
      )}
      {variables.map(([name, { value: schema, texts }]) => {
        const series = samples[`variable ${name}`];
        const isStepped = typeof state.variables[name] === "boolean";
        const { title } = describedText(name, texts, language);
        return (
          series !== undefined && (
            <div key={name} class="stack">
              <span class="soft small">{title}</span>
              <Chart
                title={title}
                samples={series}
                nowMs={nowMs}
                spanMs={SPAN_MS}
                schema={schema ?? (isStepped ? { type: "bool" } : undefined)}
                isStepped={isStepped}
              />
            </div>
          )
        );
      })}
      {variables.map(([name, { value: schema, texts }]) => {
        const history = state.histories[name];
        const { title } = describedText(name, texts, language);
        return history !== undefined && <HistoryChart key={name} title={title} history={history} schema={schema} />;
      })}
    </Card>
  );
}

const REGIONS = ["jsA", "nativeA", "settings", "audit"] as const;

export function MemoryCard({ state: { memory, flash } }: CardProps): JSX.Element {
  const text = useTexts(DEV_TEXTS);
  return (
    <Card title={text("memory")}>
      {memory === null ? <p class="soft">{text("waiting")}</p> : <ByteMeter label={text("heap")} {...memory} />}
      {flash.map(({ name, used, total }) => {
        const known = REGIONS.find((region) => region === name);
        return <ByteMeter key={name} label={known === undefined ? name : text(known)} used={used} total={total} />;
      })}
    </Card>
  );
}
