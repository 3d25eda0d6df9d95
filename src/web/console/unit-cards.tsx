/** What a unit's app offers, as forms and values that are made from its own description. */
import type { JSX } from "preact";
import type { GatewayUnitView } from "#gateway/http/interface.ts";
import { Chart } from "#web/ui/chart.tsx";
import { List, Table } from "#web/ui/collections.tsx";
import type { Value } from "#web/ui/described.ts";
import { type CallOutcome, FunctionForm } from "#web/ui/function-form.tsx";
import { describedText, useLanguage, useTexts } from "#web/ui/language.ts";
import { Badge, Card } from "#web/ui/surfaces.tsx";
import { valueText } from "#web/ui/value-text.ts";
import { type Refused, useClient, useNowMs } from "./client.ts";
import { FAULT_TEXTS, isKnownFault } from "./fault-texts.ts";
import { useEvents, useVariables } from "./live.ts";
import { STAFF_TEXTS } from "./staff-texts.ts";

interface UnitProps {
  readonly unit: GatewayUnitView;
}

/** Between two looks at a variable that its unit keeps no values of. */
const SPAN_MS = 300_000;
/** What a unit offers by name without a description of it. */
const UNDESCRIBED = { right: "call", args: {} } as const;
const pathOf = ({ id }: GatewayUnitView) => `/v1/devices/${id}`;
const namesOf = ({ names }: GatewayUnitView, wanted: string) =>
  names.filter(({ right }) => right === wanted).map(({ name }) => name);

export function FunctionsCard({ unit }: UnitProps): JSX.Element {
  const text = useTexts(STAFF_TEXTS);
  const meaning = useTexts(FAULT_TEXTS);
  const client = useClient();
  const functions = namesOf(unit, "call");
  const run =
    (name: string) =>
    async (args: Readonly<Record<string, Value>>): Promise<CallOutcome> => {
      const path = `${pathOf(unit)}/${encodeURIComponent(name)}`;
      try {
        return { answer: (await client.post<{ readonly result: Value }>(path, { args })).result };
      } catch (error) {
        const { message, code = "" } = error as Refused;
        return { error: isKnownFault(code) ? meaning(code) : message };
      }
    };
  return (
    <Card title={text("functions")}>
      {functions.length === 0 && <p class="soft">{text("noFunctions")}</p>}
      {functions.map((name) => (
        <FunctionForm key={name} name={name} described={unit.app?.functions[name] ?? UNDESCRIBED} run={run(name)} />
      ))}
    </Card>
  );
}

export function VariablesCard({ unit }: UnitProps): JSX.Element {
  const text = useTexts(STAFF_TEXTS);
  const language = useLanguage();
  const nowMs = useNowMs(5_000);
  const names = namesOf(unit, "read");
  const described = (name: string) => unit.app?.variables[name];
  const { readings, samples } = useVariables(
    pathOf(unit),
    `/v1/gateway/units/${unit.id}/history`,
    names.map((name) => ({ name, keeps: described(name)?.history !== undefined })),
  );
  const said = (name: string) => {
    const reading = readings[name];
    if (reading === undefined) return <span class="soft">…</span>;
    if ("error" in reading) return <span class="soft small">{reading.error}</span>;
    return valueText(reading.value, described(name)?.value, language);
  };
  const drawn = names.filter((name) => (samples[name]?.length ?? 0) > 1);
  return (
    <Card title={text("variables")}>
      {names.length === 0 && <p class="soft">{text("noVariables")}</p>}
      {names.length > 0 && (
        <List
          label={text("variables")}
          items={names.map((name) => ({
            key: name,
            name: describedText(name, described(name)?.texts, language).title,
            value: said(name),
          }))}
        />
      )}
      {drawn.map((name) => {
        const { title } = describedText(name, described(name)?.texts, language);
        const { value: schema, history } = described(name) ?? {};
        const first = samples[name]?.[0]?.[0] ?? nowMs;
        const keptMs = (history?.count ?? 0) * (history?.everyS ?? 0) * 1_000;
        return (
          <div key={name} class="stack">
            <span class="soft small">{title}</span>
            <Chart
              title={title}
              samples={samples[name] ?? []}
              nowMs={nowMs}
              spanMs={Math.max(60_000, Math.min(Math.max(SPAN_MS, keptMs), nowMs - first))}
              schema={schema}
              isStepped={schema?.type === "bool"}
            />
          </div>
        );
      })}
    </Card>
  );
}

export function EventsCard({ unit }: UnitProps): JSX.Element {
  const text = useTexts(STAFF_TEXTS);
  const language = useLanguage();
  const { events, isOpen } = useEvents(`${pathOf(unit)}/events`);
  return (
    <Card
      title={text("events")}
      aside={<Badge tone={isOpen ? "good" : "warn"}>{text(isOpen ? "listening" : "notListening")}</Badge>}
    >
      <Table
        label={text("events")}
        empty={text("noEvents")}
        columns={[{ title: text("when") }, { title: text("event") }, { title: text("value") }]}
        rows={events.map(({ number, atMs, name, data }) => ({
          key: number,
          cells: [
            new Date(atMs).toLocaleTimeString(language),
            describedText(name, unit.app?.events[name]?.texts, language).title,
            <span key="value" class="mono">
              {data ?? "–"}
            </span>,
          ],
        }))}
      />
    </Card>
  );
}
