/** The gateway's own key: how old it is, how to replace it, and who delegated what to it. */
import type { JSX } from "preact";
import type { DelegationView, GatewayKeyView } from "#gateway/http/interface.ts";
import { ViewHead } from "#web/ui/app-frame.tsx";
import { Table } from "#web/ui/collections.tsx";
import { Facts, Moment } from "#web/ui/figures.tsx";
import { useTexts } from "#web/ui/language.ts";
import { Badge, Card, Notice } from "#web/ui/surfaces.tsx";
import { useNowMs, useResource } from "./client.ts";
import { Pending, unitHref } from "./parts.tsx";
import { STAFF_TEXTS } from "./staff-texts.ts";

const SHOWN_DIGITS = 16;

function Until({ delegation, nowMs }: { readonly delegation: DelegationView; readonly nowMs: number }): JSX.Element {
  const text = useTexts(STAFF_TEXTS);
  const { expiresMs, isStale } = delegation;
  if (isStale) return <Badge tone="bad">{text("staleKey")}</Badge>;
  if (expiresMs === null) return <span class="main-cell soft">{text("forEver")}</span>;
  if (expiresMs <= nowMs) return <Badge tone="bad">{text("overKey")}</Badge>;
  return <Moment atMs={expiresMs} nowMs={nowMs} />;
}

export function GatewayKeyPage(): JSX.Element {
  const text = useTexts(STAFF_TEXTS);
  const nowMs = useNowMs();
  const { value, error } = useResource<GatewayKeyView>("/v1/gateway/key", 20_000);
  const stale = (value?.delegations ?? []).filter(({ isStale }) => isStale).length;
  return (
    <>
      <ViewHead title={text("gatewayKey")} detail={text("gatewayKeyHelp")} />
      {error !== undefined && <Pending error={error} />}
      {value === undefined ? (
        error === undefined && <Pending error={undefined} />
      ) : (
        <>
          {stale > 0 && <Notice tone="warn" title={text("staleKeys", { count: stale })} />}
          <Card title={text("thisKey")}>
            <Facts
              facts={[
                { name: text("publicKey"), value: <span class="mono">{value.key}</span> },
                { name: text("inUseSince"), value: <Moment atMs={value.sinceMs} nowMs={nowMs} /> },
                { name: text("keptIn"), value: text(value.isCredential ? "keptAsCredential" : "keptInFile") },
              ]}
            />
            <h3>{text("rotate")}</h3>
            <ol>
              <li>{text(value.isCredential ? "rotateCredential" : "rotateFile")}</li>
              <li>{text("rotateShare")}</li>
              <li>{text("rotateRevoke")}</li>
            </ol>
          </Card>
          <Card title={text("delegations")}>
            <Table
              isWhole
              label={text("delegations")}
              empty={text("noDelegations")}
              columns={[
                { title: text("unit") },
                { title: text("delegatedBy") },
                { title: text("keyNumber") },
                { title: text("since") },
                { title: text("until") },
                { title: text("installs") },
              ]}
              rows={value.delegations.map((each) => ({
                key: each.id,
                cells: [
                  each.isStale ? (
                    each.name
                  ) : (
                    <a key="unit" href={unitHref(each.id)}>
                      {each.name}
                    </a>
                  ),
                  <span key="by" class="mono" title={each.by}>
                    {each.by.slice(0, SHOWN_DIGITS)}…
                  </span>,
                  <span key="number" class="mono">
                    {each.number}
                  </span>,
                  <Moment key="since" atMs={each.addedMs} nowMs={nowMs} />,
                  <Until key="until" delegation={each} nowMs={nowMs} />,
                  text(each.mayFlash ? "yes" : "no"),
                ],
              }))}
            />
          </Card>
        </>
      )}
    </>
  );
}
