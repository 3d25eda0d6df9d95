/** What an attack is: where it goes, how it is started and stopped, what is counted. */
import type { Socket } from "node:net";

export interface Target {
  readonly host: string;
  readonly port: number;
  /** The wire of an emulated unit: frames as they are, each behind its length. Undefined on the simulated board. */
  readonly wire: Socket | undefined;
}

export interface Running {
  /** Requests, segments or datagrams that were sent so far. */
  sent(): number;
  stop(): void;
}

export interface Attack {
  readonly name: string;
  /** What one of those that are counted is. */
  readonly unit: string;
  /** Whether it needs the wire itself, which only emulated boards have. */
  readonly isOnWire?: boolean;
  start(target: Target): Running;
}
