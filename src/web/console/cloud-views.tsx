/** The views of a cloud's console, and the way between them. */
import type { ComponentChildren, JSX } from "preact";
import type { RolloutStatus } from "#cloud/http/interface.ts";
import { useTexts } from "#web/ui/language.ts";
import { AuditPage } from "./audit-view.tsx";
import { useClient, useResource } from "./client.ts";
import { CONSOLE_TEXTS } from "./console-texts.ts";
import { FleetPage } from "./fleet-view.tsx";
import { ConsoleFrame, type Place, usePlace } from "./frame.tsx";
import { KeysPage } from "./key-view.tsx";
import { ReleasesPage } from "./release-view.tsx";
import { RolloutPage, RolloutsPage } from "./rollout-views.tsx";
import { UnitPage } from "./unit-view.tsx";

const SECTIONS = ["fleet", "rollouts", "releases", "keys", "audit"] as const;
type Section = (typeof SECTIONS)[number];

export function CloudViews({ onLeave }: { onLeave(): void }): JSX.Element {
  const text = useTexts(CONSOLE_TEXTS);
  const { issuer } = useClient();
  const place = usePlace();
  const section = place.head === "units" ? "fleet" : (SECTIONS.find((each) => each === place.head) ?? "fleet");
  const halted = useHalted();
  const own = SECTIONS.map((each) => ({
    href: `#/${each}`,
    title: text(each),
    isCurrent: each === section,
    ...(each === "rollouts" && { count: halted }),
  }));
  // Accounts and tokens are the gateway's, whose console is this one.
  const others = [{ href: `${issuer}/console/`, title: text("staffElsewhere"), isCurrent: false }];
  return (
    <ConsoleFrame items={[...own, ...others]} onLeave={onLeave}>
      {viewOf(section, place)}
    </ConsoleFrame>
  );
}

/** Rollouts that wait for somebody. */
function useHalted(): number {
  const { value } = useResource<{ readonly rollouts: readonly RolloutStatus[] }>("/v1/status", 5_000);
  return (value?.rollouts ?? []).filter(({ rollout }) => rollout.state === "halted").length;
}

function viewOf(section: Section, { name, query, turn }: Place): ComponentChildren {
  if (section === "fleet") {
    return name === undefined ? (
      <FleetPage key={turn} query={new URLSearchParams(query)} />
    ) : (
      <UnitPage key={name} id={name} />
    );
  }
  if (section === "rollouts") return name === undefined ? <RolloutsPage /> : <RolloutPage key={name} id={name} />;
  if (section === "releases") return <ReleasesPage />;
  return section === "keys" ? <KeysPage /> : <AuditPage />;
}
