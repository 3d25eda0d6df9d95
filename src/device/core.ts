/** The machines of a unit in the order in which each event is shown to them. */
import type { App } from "./app-interface.ts";
import { createGate } from "./gate.ts";
import type { Machine } from "./machine.ts";
import { createOnboarding } from "./onboarding.ts";
import type { Port } from "./port.ts";
import { createProvision } from "./provision.ts";

/** What the machines are made of: native functions, the app, the board's data. */
export interface Parts {
  readonly port: Port;
  readonly app: App;
  readonly board: {
    readonly name: string;
    readonly network: { readonly tcpPort: number };
    readonly flash: { readonly regions: Readonly<Record<string, { readonly start: number; readonly bytes: number }>> };
  };
  /** Names the build; the unit reports it. */
  readonly release: string;
}

export function createMachines({ port, app, board }: Parts): readonly Machine<unknown>[] {
  const { tcpPort } = board.network;
  const machines = [
    createProvision(port.crypto),
    createOnboarding(port.crypto, { lanPort: tcpPort }),
    createGate({ crypto: port.crypto, app, tcpPort }),
  ];
  return machines as Machine<unknown>[];
}
