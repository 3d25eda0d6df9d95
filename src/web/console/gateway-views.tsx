/** The views of a gateway's console, and the way between them. */
import type { ComponentChildren, JSX } from "preact";
import type { ClientView } from "#gateway/http/interface.ts";
import { useTexts } from "#web/ui/language.ts";
import { AccountPage } from "./account-view.tsx";
import { type Client, hasRole, useClient, useResource } from "./client.ts";
import { ConsoleFrame, type Place, usePlace } from "./frame.tsx";
import { GatewayKeyPage } from "./gateway-key-view.tsx";
import { GatewayUnitPage } from "./gateway-unit-view.tsx";
import { GatewayUnitsPage } from "./gateway-units-view.tsx";
import { HooksPage } from "./hook-view.tsx";
import { JournalPage } from "./journal-view.tsx";
import { PersonPage } from "./person-view.tsx";
import { STAFF_TEXTS } from "./staff-texts.ts";
import { StaffPage } from "./staff-view.tsx";
import { TokensPage } from "./token-view.tsx";

const SECTIONS = ["units", "staff", "tokens", "webhooks", "key", "audit", "account"] as const;
type Section = (typeof SECTIONS)[number];

const maySee = (client: Client, section: Section) => section !== "staff" || hasRole(client, "admin");

export function GatewayViews({ onLeave }: { onLeave(): void }): JSX.Element {
  const text = useTexts(STAFF_TEXTS);
  const client = useClient();
  const place = usePlace();
  const sections = SECTIONS.filter((each) => maySee(client, each));
  const section = sections.find((each) => each === place.head) ?? "units";
  const { value } = useResource<readonly ClientView[]>("/v1/gateway/clients", 60_000);
  const own = sections.map((each) => ({
    href: `#/${each}`,
    title: text(each === "key" ? "gatewayKey" : each),
    isCurrent: each === section,
  }));
  // Clouds that take these accounts have a console too, which is this one.
  const clouds = (value ?? [])
    .filter(({ kind, id }) => kind === "cloud" && /^https?:/.test(id))
    .map(({ id }) => ({ href: `${id}/console/`, title: `${new URL(id).host} ↗`, isCurrent: false }));
  return (
    <ConsoleFrame items={[...own, ...clouds]} onLeave={onLeave}>
      {viewOf(section, place)}
    </ConsoleFrame>
  );
}

function viewOf(section: Section, { name }: Place): ComponentChildren {
  switch (section) {
    case "units":
      return name === undefined ? <GatewayUnitsPage /> : <GatewayUnitPage key={name} id={name} />;
    case "staff":
      return name === undefined ? <StaffPage /> : <PersonPage key={name} name={name} />;
    case "tokens":
      return <TokensPage />;
    case "webhooks":
      return <HooksPage />;
    case "key":
      return <GatewayKeyPage />;
    case "audit":
      return <JournalPage />;
    case "account":
      return <AccountPage />;
  }
}
