/**
 * The unit's network for the app's `fetch` (fetch.ts), one connection at a time. A bundle without `fetch` has only these few
 * lines; the app imports nothing, so `fetch` finds the network here.
 */
import type { PortEvent, Secure } from "#device/port.ts";

type TcpEvent = PortEvent & { readonly connection: number };

export interface AppNetwork {
  /**
   * @param builtS When the bundle was built, in Unix seconds: the present is not before.
   * @returns The connection's number, -1 when none is free or the unit is on no network.
   */
  connect(host: string, port: number, builtS: number, pinned: Pick<Secure, "serverName" | "certificate">): number;
  /** Queues bytes. @returns False when the connection is gone. */
  write(connection: number, bytes: Uint8Array): boolean;
  close(connection: number): void;
  after(milliseconds: number, run: () => void): number;
  cancel(timer: number): void;
}

interface Listener {
  readonly connection: number;
  take(event: TcpEvent): void;
}

const state: { network: AppNetwork | undefined; listener: Listener | undefined } = {
  network: undefined,
  listener: undefined,
};

/** Gives `fetch` the network; whatever it was doing before is over. */
export function provideNetwork(network: AppNetwork): void {
  state.network = network;
  state.listener = undefined;
}

export const appNetwork = (): AppNetwork | undefined => state.network;

/** @param listener Told of all that happens on its connection; nobody, when it is undefined. */
export function listenTo(listener: Listener | undefined): void {
  state.listener = listener;
}

/** @returns Whether it concerned the app's connection, which no machine has to do with. */
export function deliverNetwork(event: { readonly kind: string; readonly connection?: number }): boolean {
  const { listener } = state;
  if (listener === undefined || event.connection !== listener.connection || !event.kind.startsWith("tcp-"))
    return false;
  listener.take(event as TcpEvent);
  return true;
}
