/** Rollouts: how each stands, and one with the units that failed, by name and reason. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import {
  type Page,
  ROLLOUT_DEVICE_STATES,
  type RolloutDevice,
  type RolloutDeviceState,
  type RolloutStatus,
} from "#cloud/http/interface.ts";
import { ViewHead } from "#web/ui/app-frame.tsx";
import { Chart, type Sample } from "#web/ui/chart.tsx";
import { Table } from "#web/ui/collections.tsx";
import { SelectField } from "#web/ui/fields.tsx";
import { PartsBar } from "#web/ui/figures.tsx";
import { useTexts } from "#web/ui/language.ts";
import { Card, Notice } from "#web/ui/surfaces.tsx";
import { hasRole, queryOf, useClient, useNowMs, useResource } from "./client.ts";
import { CONSOLE_TEXTS } from "./console-texts.ts";
import { countText } from "./fleet-view.tsx";
import { Pager, usePages } from "./pages.tsx";
import {
  Action,
  AttemptBadge,
  Fault,
  Heard,
  Pending,
  RolloutBadge,
  rolloutHref,
  STATE_KEYS,
  UnitCell,
} from "./parts.tsx";
import { useSaid } from "./said-texts.ts";

const LIVE_MS = 2_000;
const PAGE = 100;

export function RolloutsPage(): JSX.Element {
  const text = useTexts(CONSOLE_TEXTS);
  const { value, error } = useResource<{ readonly rollouts: readonly RolloutStatus[] }>("/v1/status", LIVE_MS);
  return (
    <>
      <ViewHead title={text("rollouts")} />
      {value === undefined || error !== undefined ? <Pending error={error} /> : undefined}
      {value?.rollouts.length === 0 && <p class="soft">{text("noRollouts")}</p>}
      {[...(value?.rollouts ?? [])].reverse().map((status) => (
        <Card
          key={status.rollout.id}
          title={<a href={rolloutHref(status.rollout.id)}>{status.rollout.id}</a>}
          aside={<RolloutBadge status={status} />}
        >
          <Progress status={status} />
        </Card>
      ))}
    </>
  );
}

function Progress({ status }: { readonly status: RolloutStatus }): JSX.Element {
  const text = useTexts(CONSOLE_TEXTS);
  const said = useSaid();
  const { rollout, tally, waitsFor, overtakenBy } = status;
  const underWay = tally.offered + tally.fetching + tally.trial + tally.rolledBack;
  return (
    <>
      <ol class="steps">
        {rollout.waves.map(({ name }, i) => (
          <li key={name} data-open={i <= rollout.wave} aria-current={i === rollout.wave ? "step" : undefined}>
            {name}
          </li>
        ))}
      </ol>
      <PartsBar
        label={rollout.id}
        total={tally.members}
        parts={[
          { title: text("confirmed"), value: tally.confirmed, tone: "good" },
          { title: text("failedUnits"), value: tally.rejected + tally.refused, tone: "bad" },
          { title: text("underWay"), value: underWay, tone: "warn" },
          { title: text("superseded"), value: tally.superseded, tone: "plain" },
        ]}
      />
      <div class="small soft stack">
        <span>{said(rollout.because)}</span>
        {tally.silent > 0 && (
          <strong>
            {tally.silent} {text("silent")}
          </strong>
        )}
        {overtakenBy !== undefined && <strong>{text("overtakenBy", { rollout: overtakenBy })}</strong>}
        {waitsFor !== undefined && <span>{text("waitsFor", { what: said(waitsFor) })}</span>}
      </div>
    </>
  );
}

/** Each moment is one unit more; where there were more units than moments, several. */
const stairsOf = (moments: readonly number[], count: number): readonly Sample[] =>
  moments.map((atMs, i) => [atMs, Math.round(((i + 1) / moments.length) * count)]);

/** How many units ran the release, and how many failed, since the first of them was through. */
function OverTime({ status: { tally, confirmedMs, failedMs } }: { readonly status: RolloutStatus }) {
  const text = useTexts(CONSOLE_TEXTS);
  const nowMs = useNowMs();
  const firstMs = Math.min(confirmedMs[0] ?? nowMs, failedMs[0] ?? nowMs);
  const spanMs = Math.max(60_000, (nowMs - firstMs) * 1.02);
  const failed = tally.rejected + tally.refused;
  const series = [
    { title: text("confirmed"), samples: stairsOf(confirmedMs, tally.confirmed) },
    { title: text("failedUnits"), samples: stairsOf(failedMs, failed) },
  ].filter(({ samples }) => samples.length > 0);
  return (
    <>
      {series.map(({ title, samples: [first, ...rest] }) => {
        const [beganMs = nowMs] = first ?? [];
        const samples: readonly Sample[] = [[nowMs - spanMs, 0], [beganMs, first?.[1] ?? 0], ...rest];
        return (
          <div key={title} class="stack">
            <span class="soft small">{text("overTime", { what: title })}</span>
            <Chart title={title} samples={samples} nowMs={nowMs} spanMs={spanMs} isStepped />
          </div>
        );
      })}
    </>
  );
}

const GROUP_KEYS = { ...STATE_KEYS, failed: "stateFailed", silent: "stateSilent" } as const;

export function RolloutPage({ id }: { readonly id: string }): JSX.Element {
  const text = useTexts(CONSOLE_TEXTS);
  const path = `/v1/rollouts/${encodeURIComponent(id)}`;
  const { value: status, error, reload } = useResource<RolloutStatus>(path, LIVE_MS);
  const [state, setState] = useState<RolloutDeviceState>("failed");
  const [fault, setFault] = useState("");
  const back = { href: "#/rollouts", title: text("rollouts") };
  if (status === undefined) {
    return (
      <>
        <ViewHead title={id} back={back} />
        <Pending error={error} />
      </>
    );
  }
  return (
    <>
      <ViewHead title={id} back={back} detail={<RolloutBadge status={status} />}>
        <Steering status={status} path={path} reload={reload} />
      </ViewHead>
      {error !== undefined && <Notice tone="warn" title={error} />}
      <Card title={`${text("release")} ${status.rollout.sequence} · ${status.rollout.product}`}>
        <Progress status={status} />
        <OverTime status={status} />
      </Card>
      <Card title={state === "failed" ? text("failing") : text("units")}>
        <div class="filters">
          <SelectField
            label={text("reasons")}
            value={fault}
            onChoose={setFault}
            choices={[
              { value: "", title: text("allReasons") },
              ...status.reasons.map((each) => ({ value: each.fault, title: `${each.fault} (${each.devices})` })),
            ]}
          />
          <SelectField
            label={text("showState")}
            value={state}
            onChoose={(chosen) => setState(chosen as RolloutDeviceState)}
            choices={ROLLOUT_DEVICE_STATES.map((each: RolloutDeviceState) => ({
              value: each,
              title: text(GROUP_KEYS[each]),
            }))}
          />
        </div>
        <RolloutUnits path={path} state={state} fault={fault} />
      </Card>
    </>
  );
}

function RolloutUnits({
  path,
  state,
  fault,
}: {
  readonly path: string;
  readonly state: string;
  readonly fault: string;
}) {
  const text = useTexts(CONSOLE_TEXTS);
  const nowMs = useNowMs();
  const filter = queryOf({ state, fault });
  const pages = usePages(filter);
  const range = queryOf({ after: pages.after, limit: PAGE });
  const units = useResource<Page<RolloutDevice>>(`${path}/devices?${filter}&${range}`);
  const page = units.value;
  if (page === undefined || units.error !== undefined) return <Pending error={units.error} />;
  return (
    <>
      <span class="soft small">{countText(page.total, text)}</span>
      <Table
        isWhole
        label={text("units")}
        empty={text(state === "failed" ? "noFailing" : "noUnits")}
        columns={[
          { title: text("unit") },
          { title: text("group") },
          { title: text("state") },
          { title: text("reason") },
          { title: text("heard") },
        ]}
        rows={page.devices.map((unit) => ({
          key: unit.id,
          cells: [
            <UnitCell key="unit" unit={unit} />,
            unit.fleet,
            <AttemptBadge key="state" state={unit.state} />,
            unit.fault === "" ? <span class="soft">–</span> : <Fault key="fault" fault={unit.fault} isLong />,
            <Heard key="heard" unit={unit} nowMs={nowMs} />,
          ],
        }))}
      />
      <Pager pages={pages} size={PAGE} page={page} />
    </>
  );
}

function Steering({ status, path, reload }: { readonly status: RolloutStatus; readonly path: string; reload(): void }) {
  const text = useTexts(CONSOLE_TEXTS);
  const client = useClient();
  const { state, wave, waves } = status.rollout;
  if (!hasRole(client, "release") || state === "cancelled") return null;
  const act = (verb: string) => async (because: string) => {
    await client.post(`${path}/${verb}`, because.trim() === "" ? {} : { because: because.trim() });
    client.say(text("done"));
    reload();
  };
  return (
    <>
      <Action label={text("cancelRollout")} kind="quiet" help={text("cancelHelp")} asksWhy act={act("cancel")} />
      {state === "running" && wave + 1 < waves.length && (
        <Action label={text("open")} help={text("openHelp")} asksWhy act={act("open")} />
      )}
      {state === "running" ? (
        <Action label={text("halt")} kind="danger" help={text("haltHelp")} asksWhy act={act("halt")} />
      ) : (
        <Action label={text("resume")} kind="primary" help={text("resumeHelp")} asksWhy act={act("resume")} />
      )}
    </>
  );
}
