/** The list of a unit's machines, in the order in which each event is shown to them. */
import type { App, DescribedPart } from "./app-interface.ts";
import { createAppReporter } from "./app-reporter.ts";
import { createDiscovery } from "./discovery.ts";
import { flashLogIn } from "./flash-log.ts";
import { createGate } from "./gate/gate.ts";
import { createLink } from "./link/link.ts";
import { LINK_TIMES } from "./link/settings.ts";
import type { Machine } from "./machine.ts";
import type { createImprov } from "./onboarding/improv.ts";
import type { LegacyProtocol } from "./onboarding/legacy-protocols.ts";
import { createOnboarding } from "./onboarding/onboarding.ts";
import type { createPortal } from "./onboarding/portal.ts";
import { createCarrier } from "./ota/carrier.ts";
import { createOta } from "./ota/ota.ts";
import type { Port } from "./port.ts";
import { createProvision } from "./provision.ts";
import { createSntp } from "./sntp.ts";

/** What the bundle knows of its own making. */
export interface Build {
  readonly release: string;
  /** Unix seconds: no moment before it can be now. */
  readonly atS: number;
  /** Servers of the time, HOST or HOST:PORT (flash.config.json); the network may name others. */
  readonly timeServers?: readonly string[];
  /** Origins of the maker's app (flash.config.json). */
  readonly appOrigins?: readonly string[];
  /** The app's description, made at the build. */
  readonly described?: DescribedPart;
}

/** Of onboarding, what the product switched on, and what development units have: code that a bundle holds only when its entry hands it in. */
export interface OnboardingParts {
  readonly legacy: readonly LegacyProtocol[];
  readonly portal?: typeof createPortal;
  readonly improv?: typeof createImprov;
  readonly development?: Machine<Uint8Array>;
}

/** What the machines are made of: native functions, the app, the board's data. */
interface Parts {
  readonly port: Port;
  readonly app: App;
  readonly board: {
    readonly name: string;
    readonly network: { readonly tcpPort: number; readonly portalPort?: number };
    readonly flash: { readonly regions: Readonly<Record<string, { readonly start: number; readonly bytes: number }>> };
  };
  readonly build: Build;
  readonly onboarding: OnboardingParts;
}

export function createMachines({ port, app, board, build, onboarding }: Parts): readonly Machine<unknown>[] {
  const { crypto } = port;
  const { tcpPort, portalPort = 80 } = board.network;
  const { legacy, portal, improv, development } = onboarding;
  const machines = [
    createProvision(crypto, development !== undefined),
    createOnboarding(crypto, { lanPort: tcpPort, legacy, hasPortal: portal !== undefined }),
    ...(portal === undefined ? [] : [portal(crypto, portalPort)]),
    ...(improv === undefined ? [] : [improv(crypto, build.release, board.name)]),
    createDiscovery(crypto, tcpPort),
    createSntp({ crypto, servers: build.timeServers, buildS: build.atS }),
    createGate({
      ...{ crypto, app, tcpPort, buildS: build.atS, appOrigins: build.appOrigins ?? [] },
      ...(build.described && { described: build.described }),
      audit: flashLogIn(port.flash, board.flash.regions.audit),
    }),
    createLink(crypto, LINK_TIMES, build.atS),
    createAppReporter(build.release),
    createCarrier(),
    createOta({ crypto, flash: port.flash, system: port.system, regions: board.flash.regions }),
    ...(development === undefined ? [] : [development]),
  ];
  return machines as Machine<unknown>[];
}
