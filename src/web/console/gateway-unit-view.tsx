/** A unit behind the gateway: what it is, what one can do with it, what it says now, and who did what to it. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { GatewayUnitView } from "#gateway/http/interface.ts";
import { ViewHead } from "#web/ui/app-frame.tsx";
import { Facts } from "#web/ui/figures.tsx";
import { useTexts } from "#web/ui/language.ts";
import { Card, Notice } from "#web/ui/surfaces.tsx";
import { hasRole, useClient, useNowMs, useResource } from "./client.ts";
import { Reached, UpdateState } from "./gateway-units-view.tsx";
import { JournalTable } from "./journal-view.tsx";
import { Action, Fault, NameField, Pending } from "./parts.tsx";
import { STAFF_TEXTS } from "./staff-texts.ts";
import { EventsCard, FunctionsCard, VariablesCard } from "./unit-cards.tsx";

/** A look at a unit is a request to it. */
const LOOK_MS = 10_000;

export function GatewayUnitPage({ id }: { readonly id: string }): JSX.Element {
  const text = useTexts(STAFF_TEXTS);
  const nowMs = useNowMs();
  const path = `/v1/gateway/units/${encodeURIComponent(id)}`;
  const { value: unit, error, reload } = useResource<GatewayUnitView>(path, LOOK_MS);
  const back = { href: "#/units", title: text("units") };
  if (unit === undefined) {
    return (
      <>
        <ViewHead title={<span class="mono">{id}</span>} back={back} />
        <Pending error={error} />
      </>
    );
  }
  return (
    <>
      <ViewHead
        title={unit.name}
        back={back}
        detail={
          <>
            <Reached unit={unit} nowMs={nowMs} />
            <span class="mono">{unit.id}</span>
          </>
        }
      >
        <Rename unit={unit} reload={reload} />
        <Forget unit={unit} />
      </ViewHead>
      {error !== undefined && <Notice tone="warn" title={error} />}
      {unit.fault !== null && (
        <Notice tone="warn" title={text("unitSilent")}>
          <Fault fault={unit.fault} isLong />
        </Notice>
      )}
      <AppHealth unit={unit} />
      <div class="columns two">
        <div class="stack">
          <FunctionsCard unit={unit} />
        </div>
        <div class="stack">
          <VariablesCard unit={unit} />
          <EventsCard unit={unit} />
        </div>
      </div>
      <Card title={text("unit")}>
        <UnitFacts unit={unit} nowMs={nowMs} />
      </Card>
      <Card title={text("whoDidWhat")}>
        <JournalTable device={unit.id} />
      </Card>
    </>
  );
}

function UnitFacts({ unit, nowMs }: { readonly unit: GatewayUnitView; readonly nowMs: number }): JSX.Element {
  const text = useTexts(STAFF_TEXTS);
  const { app, product, release, update, timeGrade, mayFlash } = unit;
  const none = <span class="soft">–</span>;
  return (
    <Facts
      facts={[
        { name: text("product"), value: product || app?.product || none },
        { name: text("board"), value: app?.board ?? none },
        { name: text("release"), value: release ?? none },
        { name: text("update"), value: <UpdateState update={update} /> },
        { name: text("heard"), value: <Reached unit={unit} nowMs={nowMs} /> },
        { name: text("timeGrade"), value: timeGrade ?? none },
        { name: text("mayFlash"), value: text(mayFlash ? "yes" : "no") },
      ]}
    />
  );
}

function AppHealth({ unit: { appHealth } }: { readonly unit: GatewayUnitView }): JSX.Element | null {
  const text = useTexts(STAFF_TEXTS);
  if (appHealth === null) return null;
  const { isStopped, fault, name, count } = appHealth;
  return (
    <Notice tone={isStopped ? "bad" : "warn"} title={text(isStopped ? "appStopped" : "appFailed", { name, count })}>
      <Fault fault={fault} isLong />
    </Notice>
  );
}

function Rename({ unit, reload }: { readonly unit: GatewayUnitView; reload(): void }): JSX.Element | null {
  const text = useTexts(STAFF_TEXTS);
  const client = useClient();
  const [name, setName] = useState<string>();
  // A name is the unit's for everybody: it takes the right that installing does.
  if (!hasRole(client, "release")) return null;
  return (
    <Action
      label={text("rename")}
      help={<NameField help={text("renameHelp")} value={name ?? unit.name} onInput={setName} />}
      act={async () => {
        await client.put(`/v1/devices/${unit.id}`, { name: (name ?? unit.name).trim() });
        setName(undefined);
        reload();
      }}
    />
  );
}

function Forget({ unit }: { readonly unit: GatewayUnitView }): JSX.Element | null {
  const text = useTexts(STAFF_TEXTS);
  const client = useClient();
  if (!hasRole(client, "admin")) return null;
  return (
    <Action
      label={text("forget")}
      kind="danger"
      help={text("forgetHelp", { name: unit.name })}
      act={async () => {
        await client.remove(`/v1/gateway/units/${unit.id}`);
        client.say(text("forgotten", { name: unit.name }));
        location.hash = "#/units";
      }}
    />
  );
}
