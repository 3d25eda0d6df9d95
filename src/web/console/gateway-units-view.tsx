/** The units whose owners let this gateway reach them. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { GatewayUnitSummary } from "#gateway/http/interface.ts";
import { ViewHead } from "#web/ui/app-frame.tsx";
import { Button } from "#web/ui/button.tsx";
import { Table } from "#web/ui/collections.tsx";
import { TextField } from "#web/ui/fields.tsx";
import { Figures, Moment } from "#web/ui/figures.tsx";
import { useTexts } from "#web/ui/language.ts";
import { Badge, Card } from "#web/ui/surfaces.tsx";
import { hasRole, useClient, useNowMs, useResource } from "./client.ts";
import { Action, Fault, Pending, UnitCell } from "./parts.tsx";
import { ShownOnce } from "./shown-once.tsx";
import { STAFF_TEXTS } from "./staff-texts.ts";

const PAGE = 50;

export function Reached({
  unit: { connected, last_heard },
  nowMs,
}: {
  readonly unit: Pick<GatewayUnitSummary, "connected" | "last_heard">;
  readonly nowMs: number;
}): JSX.Element {
  const text = useTexts(STAFF_TEXTS);
  if (connected) return <Badge tone="good">{text("reached")}</Badge>;
  if (last_heard === null) return <span class="soft">{text("notReachedYet")}</span>;
  return (
    <span class="soft">
      <Moment atMs={Date.parse(last_heard)} nowMs={nowMs} />
    </span>
  );
}

export function UpdateState({ update }: Pick<GatewayUnitSummary, "update">): JSX.Element {
  if (update === null) return <span class="soft">–</span>;
  const { release, stage, percent, fault } = update;
  return (
    <span class="row">
      <span class="numbers">{release}</span>
      <Badge tone={fault === null ? "warn" : "bad"}>
        {stage}
        {percent !== undefined && percent > 0 && percent < 100 ? ` ${percent} %` : ""}
      </Badge>
      {fault !== null && <Fault fault={fault} />}
    </span>
  );
}

export function GatewayUnitsPage(): JSX.Element {
  const text = useTexts(STAFF_TEXTS);
  const client = useClient();
  const [link, setLink] = useState<string>();
  const nowMs = useNowMs();
  const [search, setSearch] = useState("");
  const [shown, setShown] = useState(PAGE);
  const { value, error } = useResource<readonly GatewayUnitSummary[]>("/v1/devices");
  const wanted = search.trim().toLowerCase();
  const found = (value ?? []).filter(({ id, name, product }) =>
    `${id}\n${name}\n${product ?? ""}`.toLowerCase().includes(wanted),
  );
  return (
    <>
      <ViewHead title={text("units")} detail={text("unitsHelp")}>
        {hasRole(client, "admin") && <BringUnit onLink={setLink} />}
      </ViewHead>
      {link !== undefined && (
        <ShownOnce title={text("unitLink")} secrets={[link]} onDone={() => setLink(undefined)}>
          {text("unitLinkHelp")} <span class="mono">latchkey phone share --to-gateway LINK</span>
        </ShownOnce>
      )}
      <Figures
        figures={[
          { title: text("units"), value: value?.length ?? 0 },
          { title: text("reached"), value: (value ?? []).filter(({ connected }) => connected).length, tone: "good" },
        ]}
      />
      <Card title={text("units")}>
        <div class="filters">
          <TextField type="search" label={text("searchUnits")} isLabelHidden value={search} onInput={setSearch} />
        </div>
        {(value === undefined || error !== undefined) && <Pending error={error} />}
        {value !== undefined && (
          <Table
            isWhole
            label={text("units")}
            empty={text(value.length === 0 ? "noUnitsYet" : "noUnits")}
            columns={[
              { title: text("unit") },
              { title: text("product") },
              { title: text("release") },
              { title: text("heard") },
              { title: text("update") },
            ]}
            rows={found.slice(0, shown).map((unit) => ({
              key: unit.id,
              cells: [
                <UnitCell key="unit" unit={unit} />,
                unit.product ?? <span class="soft">–</span>,
                <span key="release" class="numbers">
                  {unit.release ?? "–"}
                </span>,
                <Reached key="heard" unit={unit} nowMs={nowMs} />,
                <UpdateState key="update" update={unit.update} />,
              ],
            }))}
          />
        )}
        {found.length > shown && (
          <div class="row">
            <Button onPress={() => setShown(shown * 2)}>{text("more")}</Button>
          </div>
        )}
      </Card>
    </>
  );
}

function BringUnit({ onLink }: { onLink(link: string): void }): JSX.Element {
  const text = useTexts(STAFF_TEXTS);
  const client = useClient();
  return (
    <Action
      label={text("bringUnit")}
      help={text("bringUnitHelp")}
      act={async () => {
        const made = await client.post<{ readonly code: string; readonly key: string }>("/v1/gateway/invitations", {});
        onLink(`${client.issuer}/#${made.key}.${made.code}`);
      }}
    />
  );
}
