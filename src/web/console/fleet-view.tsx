/** The fleet: search, fleets, states, and a table of units that goes on as far as one asks. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import {
  DEVICE_STATES,
  type DevicePage,
  type DeviceState,
  type DeviceSummary,
  type FleetView,
  type ReleaseView,
} from "#cloud/http/interface.ts";
import { ViewHead } from "#web/ui/app-frame.tsx";
import { Table } from "#web/ui/collections.tsx";
import { SelectField, TextField } from "#web/ui/fields.tsx";
import { Figures } from "#web/ui/figures.tsx";
import { useTexts } from "#web/ui/language.ts";
import { Card } from "#web/ui/surfaces.tsx";
import { queryOf, useNowMs, useResource } from "./client.ts";
import { CONSOLE_TEXTS } from "./console-texts.ts";
import { Pager, usePages } from "./pages.tsx";
import { AttemptBadge, Fault, Heard, Pending, ReleaseNumber, UnitCell } from "./parts.tsx";

const PAGE = 100;
const SEARCH_MS = 250;

const FLEET = "#/fleet";
/** Where one goes back to from a unit: the list as it was filtered. */
export let fleetHref = FLEET;

/** @param query The part of the address after "?": where a link to some of the units leads. */
export function FleetPage({ query }: { readonly query: URLSearchParams }): JSX.Element {
  const text = useTexts(CONSOLE_TEXTS);
  const nowMs = useNowMs();
  const [typed, setTyped] = useState(query.get("search") ?? "");
  const [search, setSearch] = useState(typed);
  const [group, setGroup] = useState(query.get("group") ?? "");
  const [state, setState] = useState(query.get("state") ?? "");
  const [release, setRelease] = useState(query.get("release") ?? "");
  useEffect(() => {
    const timer = setTimeout(() => setSearch(typed), SEARCH_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  useEffect(() => {
    const kept = queryOf({ search, group, release, state });
    fleetHref = kept === "" ? FLEET : `${FLEET}?${kept}`;
    history.replaceState(null, "", fleetHref);
  }, [search, group, release, state]);
  const fleets = useResource<readonly FleetView[]>("/v1/fleets", 10_000);
  const releases = useResource<readonly ReleaseView[]>("/v1/releases", 30_000);
  const [product, fleet] = group.split(" ");
  const [releaseProduct, sequence] = release.split(" ");
  const filter = queryOf({ search, product: product || releaseProduct, fleet, sequence, state });
  const pages = usePages(filter);
  const range = queryOf({ after: pages.after, limit: PAGE });
  const units = useResource<DevicePage>(`/v1/devices?${filter}&${range}`);
  const sum = (of: (each: FleetView) => number) => (fleets.value ?? []).reduce((total, each) => total + of(each), 0);
  const all = sum(({ devices }) => devices);
  const page = units.value;
  return (
    <>
      <ViewHead title={text("fleet")} />
      <Figures
        figures={[
          { title: text("units"), value: all },
          { title: text("online"), value: sum(({ online }) => online), tone: "good" },
          { title: text("failed"), value: sum(({ failed }) => failed), tone: "bad", href: "#/fleet?state=failed" },
        ]}
      />
      <Card title={text("units")} aside={<span class="soft small">{page && countText(page.total, text)}</span>}>
        <div class="filters">
          <TextField type="search" label={text("search")} isLabelHidden value={typed} onInput={setTyped} />
          <SelectField
            label={text("group")}
            isLabelHidden
            value={group}
            onChoose={setGroup}
            choices={[
              { value: "", title: text("allFleets") },
              ...(fleets.value ?? []).map((each) => ({
                value: `${each.product} ${each.fleet}`,
                title: `${each.product} · ${each.fleet} (${each.devices})`,
              })),
            ]}
          />
          <SelectField
            label={text("release")}
            isLabelHidden
            value={release}
            onChoose={setRelease}
            choices={[
              { value: "", title: text("allReleases") },
              ...(releases.value ?? []).map((each) => ({
                value: `${each.product} ${each.sequence}`,
                title: `${each.product} ${each.sequence}`,
              })),
              ...[...new Set((fleets.value ?? []).map((each) => each.product))].map((each) => ({
                value: `${each} 0`,
                title: `${each} · ${text("factory")}`,
              })),
            ]}
          />
          <SelectField
            label={text("state")}
            isLabelHidden
            value={state}
            onChoose={setState}
            choices={[
              { value: "", title: text("allStates") },
              ...DEVICE_STATES.map((each: DeviceState) => ({ value: each, title: text(each) })),
            ]}
          />
        </div>
        {page === undefined || units.error !== undefined ? (
          <Pending error={units.error} />
        ) : (
          <>
            <UnitTable units={page.devices} nowMs={nowMs} empty={text(all === 0 ? "noUnitsYet" : "noUnits")} />
            <Pager pages={pages} size={PAGE} page={page} />
          </>
        )}
      </Card>
    </>
  );
}

export const countText = (
  count: number,
  text: (key: "unitFound" | "unitsFound", values?: { count: number }) => string,
) => (count === 1 ? text("unitFound") : text("unitsFound", { count }));

function UnitTable(props: {
  readonly units: readonly DeviceSummary[];
  readonly nowMs: number;
  readonly empty: string;
}) {
  const text = useTexts(CONSOLE_TEXTS);
  return (
    <Table
      isWhole
      label={text("units")}
      empty={props.empty}
      columns={[
        { title: text("unit") },
        { title: text("group") },
        { title: text("release") },
        { title: text("heard") },
        { title: text("update") },
      ]}
      rows={props.units.map((unit) => ({
        key: unit.id,
        cells: [
          <UnitCell key="unit" unit={unit} />,
          <span key="fleet" class="main-cell">
            {unit.product}
            <span class="soft small">{unit.fleet}</span>
          </span>,
          <ReleaseNumber key="release" sequence={unit.sequence} />,
          <Heard key="heard" unit={unit} nowMs={props.nowMs} />,
          unit.attempt === undefined ? (
            <span key="update" class="soft">
              –
            </span>
          ) : (
            <span key="update" class="row">
              <span class="numbers">{unit.attempt.sequence}</span>
              <AttemptBadge state={unit.attempt.state} />
              {unit.attempt.fault !== "" && <Fault fault={unit.attempt.fault} />}
            </span>
          ),
        ],
      }))}
    />
  );
}
