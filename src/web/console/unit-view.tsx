/** A unit: what it is and runs, which release it should have and why not, its updates, its app's faults, its history. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { DeviceView, Explanation, JournalEntry } from "#cloud/http/interface.ts";
import { ViewHead } from "#web/ui/app-frame.tsx";
import { Chart, type Sample } from "#web/ui/chart.tsx";
import { Table } from "#web/ui/collections.tsx";
import { Facts, Moment } from "#web/ui/figures.tsx";
import { useTexts } from "#web/ui/language.ts";
import { Card, Notice } from "#web/ui/surfaces.tsx";
import { hasRole, useClient, useNowMs, useResource } from "./client.ts";
import { CONSOLE_TEXTS } from "./console-texts.ts";
import { CrashCard } from "./crash-card.tsx";
import { fleetHref } from "./fleet-view.tsx";
import { Action, AttemptBadge, Fault, Heard, NameField, Pending, ReleaseNumber } from "./parts.tsx";
import { useSaid } from "./said-texts.ts";

const APP_FAILED = "app failed";

export function UnitPage({ id }: { readonly id: string }): JSX.Element {
  const text = useTexts(CONSOLE_TEXTS);
  const client = useClient();
  const nowMs = useNowMs();
  const [name, setName] = useState<string>();
  const path = `/v1/devices/${encodeURIComponent(id)}`;
  const { value: unit, error, reload } = useResource<DeviceView>(path);
  const back = { href: fleetHref, title: text("fleet") };
  if (unit === undefined) {
    return (
      <>
        <ViewHead title={<span class="mono">{id}</span>} back={back} />
        <Pending error={error} />
      </>
    );
  }
  async function rename(): Promise<void> {
    await client.post(`${path}/steer`, { name: (name ?? unit?.name ?? "").trim() });
    setName(undefined);
    reload();
  }
  return (
    <>
      <ViewHead
        title={unit.name === "" ? <span class="mono">{unit.id}</span> : unit.name}
        detail={
          <>
            <Heard unit={unit} nowMs={nowMs} />
            {unit.name !== "" && <span class="mono">{unit.id}</span>}
          </>
        }
        back={back}
      >
        {hasRole(client, "support") && (
          <Action
            label={text("rename")}
            help={<NameField help={text("renameHelp")} value={name ?? unit.name} onInput={setName} />}
            act={rename}
          />
        )}
      </ViewHead>
      {error !== undefined && <Notice tone="warn" title={error} />}
      <Card title={text("unit")}>
        <UnitFacts unit={unit} nowMs={nowMs} />
        <ReleasesOverTime unit={unit} nowMs={nowMs} />
      </Card>
      <WhyCard path={path} />
      <Card title={text("attempts")}>
        <Table
          isWhole
          label={text("attempts")}
          empty={text("noAttempts")}
          columns={[
            { title: text("release") },
            { title: text("state") },
            { title: text("reason") },
            { title: text("since") },
          ]}
          rows={[...unit.attempts]
            .sort((a, b) => b.sequence - a.sequence)
            .map(({ sequence, state, fault, beganMs }) => ({
              key: sequence,
              cells: [
                sequence,
                <AttemptBadge key="state" state={state} />,
                fault === "" ? <span class="soft">–</span> : <Fault key="fault" fault={fault} isLong />,
                <Moment key="since" atMs={beganMs} nowMs={nowMs} />,
              ],
            }))}
        />
      </Card>
      {unit.crash !== undefined && <CrashCard id={unit.id} crash={unit.crash} nowMs={nowMs} />}
      <JournalCards id={unit.id} nowMs={nowMs} />
    </>
  );
}

const clock = (minute: number) =>
  `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;

function UnitFacts({ unit, nowMs }: { readonly unit: DeviceView; readonly nowMs: number }): JSX.Element {
  const text = useTexts(CONSOLE_TEXTS);
  const { product, fleet, hardware, card, sequence, pin, target, window, lab } = unit;
  return (
    <>
      <Facts
        facts={[
          { name: text("product"), value: product },
          { name: text("group"), value: fleet },
          { name: text("release"), value: <ReleaseNumber sequence={sequence} /> },
          { name: text("heard"), value: <Heard unit={unit} nowMs={nowMs} /> },
          { name: text("hardware"), value: hardware },
          { name: text("card"), value: card },
          ...(pin === undefined ? [] : [{ name: text("pin"), value: pin }]),
          ...(target === undefined ? [] : [{ name: text("target"), value: target }]),
          ...(window === undefined
            ? []
            : [{ name: text("window"), value: `${clock(window.fromMinute)} – ${clock(window.toMinute)} UTC` }]),
        ]}
      />
      {lab && <p class="soft small">{text("lab")}</p>}
    </>
  );
}

/** The releases that it ran, one after the other, as far as the cloud saw them begin. */
function ReleasesOverTime({ unit, nowMs }: { readonly unit: DeviceView; readonly nowMs: number }): JSX.Element | null {
  const text = useTexts(CONSOLE_TEXTS);
  const ran = unit.attempts.filter(({ state }) => state === "confirmed").sort((a, b) => a.heardMs - b.heardMs);
  const [first] = ran;
  if (first === undefined) return null;
  const spanMs = Math.max(60_000, (nowMs - first.beganMs) * 1.02);
  const samples: readonly Sample[] = [
    [nowMs - spanMs, 0],
    ...ran.map(({ heardMs, sequence }): Sample => [heardMs, sequence]),
  ];
  return (
    <div class="stack">
      <span class="soft small">{text("releasesOverTime")}</span>
      <Chart title={text("release")} samples={samples} nowMs={nowMs} spanMs={spanMs} isStepped />
    </div>
  );
}

function WhyCard({ path }: { readonly path: string }): JSX.Element {
  const text = useTexts(CONSOLE_TEXTS);
  const said = useSaid();
  const { value, error } = useResource<Explanation>(`${path}/explain`, 10_000);
  if (value === undefined) {
    return (
      <Card title={text("why")}>
        <Pending error={error} />
      </Card>
    );
  }
  const { taken, all } = value;
  return (
    <Card title={text("why")}>
      <p>{taken === undefined ? text("offeredNothing") : text("offered", { sequence: taken.sequence })}</p>
      {all.length === 0 && <p class="soft small">{text("noReleases")}</p>}
      {all.slice(0, 5).map(({ sequence, rollout, checks }) => (
        <div key={`${sequence} ${rollout ?? ""}`} class="stack">
          <h3>
            {text("release")} {sequence}{" "}
            {rollout !== undefined && <span class="soft">{text("byRollout", { rollout })}</span>}
          </h3>
          <ul class="checks small">
            {checks.map(({ check, holds, says }) => (
              <li key={check}>
                <span class={holds ? "yes" : "no"} role="img" aria-label={text(holds ? "yes" : "no")}>
                  {holds ? "✓" : "✕"}
                </span>
                <span>{said(check)}</span>
                <span class="soft">{said(says)}</span>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </Card>
  );
}

function JournalCards({ id, nowMs }: { readonly id: string; readonly nowMs: number }): JSX.Element {
  const text = useTexts(CONSOLE_TEXTS);
  const said = useSaid();
  const { value, error } = useResource<readonly JournalEntry[]>(`/v1/journal?subject=${id}`, 10_000);
  if (value === undefined) return <Pending error={error} />;
  const faults = value.filter(({ what }) => what === APP_FAILED);
  const others = value.filter(({ what }) => what !== APP_FAILED);
  return (
    <>
      <Card title={text("faults")}>
        {faults.length === 0 ? (
          <p class="soft small">{text("noFaults")}</p>
        ) : (
          faults.map(({ number, at_ms: atMs, because }) => (
            <div key={number} class="stack">
              <span class="soft small">
                <Moment atMs={atMs} nowMs={nowMs} />
              </span>
              <pre class="log">{because}</pre>
            </div>
          ))
        )}
      </Card>
      <Card title={text("history")}>
        <Table
          isWhole
          label={text("history")}
          empty={text("noHistory")}
          columns={[{ title: text("when") }, { title: text("what") }, { title: text("because") }]}
          rows={others.map(({ number, at_ms: atMs, what, because }) => ({
            key: number,
            cells: [
              <Moment key="when" atMs={atMs} nowMs={nowMs} />,
              said(what),
              <span class="soft">{said(because)}</span>,
            ],
          }))}
        />
      </Card>
    </>
  );
}
