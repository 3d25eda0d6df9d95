/** Keys: which a product's units trust, how old each is, and whether its private half is where it should be. */
import type { JSX } from "preact";
import type { KeyView } from "#cloud/http/interface.ts";
import { ViewHead } from "#web/ui/app-frame.tsx";
import { Table } from "#web/ui/collections.tsx";
import { Moment } from "#web/ui/figures.tsx";
import { useTexts } from "#web/ui/language.ts";
import { Badge, Card } from "#web/ui/surfaces.tsx";
import { useNowMs, useResource } from "./client.ts";
import { CONSOLE_TEXTS } from "./console-texts.ts";
import { Pending } from "./parts.tsx";

const ROLE_KEYS = {
  root: "roleRoot",
  release: "roleRelease",
  timestamp: "roleTimestamp",
  time: "roleTime",
  issuer: "roleIssuer",
} as const;
/** Keys with which the cloud itself signs; the others belong off-line. */
const BELONGS_HERE: readonly string[] = ["timestamp", "time"];

export function KeysPage(): JSX.Element {
  const text = useTexts(CONSOLE_TEXTS);
  const nowMs = useNowMs();
  const { value, error } = useResource<readonly KeyView[]>("/v1/keys", 60_000);
  const products = [...new Set((value ?? []).map(({ product }) => product))];
  return (
    <>
      <ViewHead title={text("keys")} detail={text("keysHelp")} />
      {(value === undefined || error !== undefined) && <Pending error={error} />}
      {value?.length === 0 && <p class="soft">{text("noKeys")}</p>}
      {products.map((product) => (
        <Card key={product} title={product}>
          <Table
            isWhole
            label={product}
            empty=""
            columns={[
              { title: text("role") },
              { title: text("keyName") },
              { title: text("knownSince") },
              { title: text("place") },
            ]}
            rows={(value ?? [])
              .filter((key) => key.product === product)
              .map(({ role, name, seenMs, isHere }) => ({
                key: `${role} ${name}`,
                cells: [
                  text(ROLE_KEYS[role]),
                  <span key="name" class="mono">
                    {name}
                  </span>,
                  <Moment key="since" atMs={seenMs} nowMs={nowMs} />,
                  isHere && !BELONGS_HERE.includes(role) ? (
                    <Badge key="place" tone="bad">
                      {text("hereBad")}
                    </Badge>
                  ) : (
                    <span key="place" class="soft">
                      {text(isHere ? "here" : "away")}
                    </span>
                  ),
                ],
              }))}
          />
        </Card>
      ))}
    </>
  );
}
