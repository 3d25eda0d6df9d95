/**
 * The connections of the simulated unit: they deliver bytes in order, in pieces and late; one that breaks loses the
 * bytes in flight.
 */
import type { RandomSource } from "#boards/sim/host/air/random-source.ts";
import type { PortEvent } from "#device/port.ts";
import type { WireEnd } from "./home-cloud.ts";

/** Numbers of the unit's own connections; the lower ones are those that a phone opened. */
export const FIRST_OWN = 4;
const LAST_OWN = 7;
const LATENCY_MS = 15;
/** Share of pieces with which their connection breaks. */
const BREAKS = 0.01;
/** How long an end does not know that the other is gone. */
const UNAWARE_MS = 3_000;

interface HomeConnections {
  /** @returns The connection's number, or -1 when all are taken. */
  open(port: number): number;
  write(connection: number, bytes: Uint8Array): void;
  close(connection: number): void;
  /** The unit's power is gone: nobody tells the other ends. */
  forget(): void;
}

interface Wire {
  server: WireEnd | undefined;
  isUp: boolean;
  /** When the last piece arrives each way: what follows comes after it. */
  readonly turn: { up: number; down: number };
}

export function createHomeConnections(world: {
  readonly random: RandomSource;
  nowMs(): number;
  after(ms: number, work: () => void): void;
  deliver(event: PortEvent): void;
  accept(port: number, unit: WireEnd): WireEnd | undefined;
}): HomeConnections {
  const { random, nowMs, after } = world;
  const wires = new Map<number, Wire>();

  /** Takes a connection down; each end that is not the one that did it hears so, sooner or later. */
  function end(connection: number, wire: Wire, tell: { unit: boolean; server: boolean }): void {
    if (!wire.isUp) return;
    wire.isUp = false;
    const { server } = wire;
    if (tell.server) after(random.below(UNAWARE_MS), () => server?.closed());
    if (!tell.unit) return void wires.delete(connection);
    after(random.below(UNAWARE_MS), () => {
      if (wires.get(connection) !== wire) return;
      wires.delete(connection);
      world.deliver({ kind: "tcp-closed", connection });
    });
  }
  function carry(connection: number, wire: Wire, way: "up" | "down", bytes: Uint8Array): void {
    const cutAt = random.below(bytes.length + 1);
    // Plain bytes, as a board's port gives them, whatever the cloud's end made them of.
    const plain = Uint8Array.from(bytes);
    for (const piece of [plain.slice(0, cutAt), plain.slice(cutAt)]) {
      if (piece.length === 0) continue;
      if (random.next() < BREAKS) return end(connection, wire, { unit: true, server: true });
      wire.turn[way] = Math.max(wire.turn[way], nowMs() + LATENCY_MS + random.below(40));
      after(wire.turn[way] - nowMs(), () => {
        if (!wire.isUp) return;
        if (way === "up") wire.server?.data(piece);
        else world.deliver({ kind: "tcp-data", connection, bytes: piece });
      });
    }
  }
  return {
    open(port) {
      let connection = FIRST_OWN;
      while (wires.has(connection)) connection++;
      if (connection > LAST_OWN) return -1;
      const wire: Wire = { server: undefined, isUp: true, turn: { up: 0, down: 0 } };
      wires.set(connection, wire);
      after(LATENCY_MS, () => {
        if (!wire.isUp) return;
        wire.server = world.accept(port, {
          data: (bytes) => wire.isUp && carry(connection, wire, "down", bytes),
          closed: () => end(connection, wire, { unit: true, server: false }),
        });
        if (wire.server === undefined) return end(connection, wire, { unit: true, server: false });
        world.deliver({ kind: "tcp-connected", connection });
      });
      return connection;
    },
    write(connection, bytes) {
      const wire = wires.get(connection);
      if (wire?.isUp) carry(connection, wire, "up", bytes);
    },
    close(connection) {
      const wire = wires.get(connection);
      if (wire === undefined) return;
      end(connection, wire, { unit: false, server: true });
      wires.delete(connection);
    },
    forget() {
      for (const wire of wires.values()) wire.isUp = false;
      wires.clear();
    },
  };
}
