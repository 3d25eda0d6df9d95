/** The shipped gate behind a real TCP server: what performs its effects here is a few lines over node:net. */

import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { type Cbor, encodeCbor } from "#codec/cbor.ts";
import { flashLogIn } from "#device/flash-log.ts";
import { createGate } from "#device/gate/gate.ts";
import type { DeviceEvent, Effect } from "#device/machine.ts";
import { performOp } from "#device/settings.ts";
import { openStore, performStore } from "#device/store/store.ts";
import { deviceIdOf } from "#trust/device-id.ts";
import { issueGrant } from "#trust/grants/mint.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { seedSigner } from "#trust/signer.ts";
import { OWN, PROVISIONED } from "#wire/flash/stored-names.ts";
import { LEVEL } from "#wire/grants/scope.ts";
import { appNamed, describedBy } from "../device/app-named.ts";
import { emptyAuditFlash } from "../device/gate/world.ts";
import { settingsOver } from "../device/start-of.ts";

export const seedOf = (fill: number) => new Uint8Array(32).fill(fill);
export const unitKey = primitives.ed25519PublicKey(seedOf(50));
export const id = deviceIdOf(primitives, unitKey);
export const ownerSeed = seedOf(7);
const issuer = { ...seedSigner(primitives, seedOf(101)), kid: Uint8Array.of(1) };

/** What a unit with an owner remembers. */
export const ownedUnit = () =>
  new Map<string, Uint8Array>([
    [OWN.key, seedOf(50)],
    [OWN.provisioned, encodeCbor([])],
    [PROVISIONED.issuers, encodeCbor(new Map([[1, issuer.publicKey]]))],
    [
      PROVISIONED.ownerGrant,
      issueGrant(issuer, {
        audience: { kind: "device", id },
        issuedAtS: 1_795_435_200,
        cti: primitives.random(8),
        holder: primitives.ed25519PublicKey(ownerSeed),
        scope: LEVEL.noFlash,
        epoch: 0,
        caveats: [],
      }),
    ],
  ]);

export interface GateServer {
  readonly port: number;
  /** What the app was asked to do. */
  readonly calls: string[];
  /** So many of the unit's next answers get lost. */
  losesAnswers: number;
  /** Shows the gate what came by another way than TCP. */
  show(event: Record<string, unknown> & { kind: DeviceEvent["kind"] }): void;
  close(): void;
}

/**
 * @param publish    Takes what the gate says over its link.
 * @param appOrigins Origins of the maker's app.
 */
export async function startGateServer(
  stored = ownedUnit(),
  publish: (topic: string, payload: Uint8Array) => void = () => undefined,
  appOrigins: readonly string[] = [],
): Promise<GateServer> {
  const names = [
    ["setLamp", "call"],
    ["dim", "call"],
    ["light", "read"],
    ["pressed", "subscribe"],
    ["rename", "config"],
  ] as const;
  const answers: Readonly<Record<string, unknown>> = { light: 512 };
  const args = { on: { type: "bool" } };
  const setLamp = { right: "call", args, texts: { en: { title: "Lamp" } }, run: () => null };
  const named = appNamed(names);
  const app = { ...named, functions: { ...named.functions, setLamp } } as typeof named;
  const flash = emptyAuditFlash();
  const audit = flashLogIn(flash, { start: 0, bytes: flash.byteLength });
  const store = openStore(settingsOver(stored));
  const gate = createGate({ crypto: primitives, app, described: describedBy(app), tcpPort: 1, audit, appOrigins });
  let state = gate.initial;
  const sockets = new Map<number, Socket>();
  let connections = 0;
  let timer: NodeJS.Timeout | undefined;

  const show: GateServer["show"] = (event) => {
    const nowMs = performance.now();
    const step = gate.step(state, { ...event, nowMs } as unknown as DeviceEvent);
    state = step.state;
    clearTimeout(timer);
    if (step.wakeAtMs !== undefined) timer = setTimeout(() => show({ kind: "timer" }), step.wakeAtMs - nowMs).unref();
    for (const effect of step.effects) perform(effect);
  };
  const isLost = () => unit.losesAnswers > 0 && unit.losesAnswers-- > 0;
  const perform = (effect: Effect) => {
    if (effect.kind === "append") effect.ops.every((op) => performOp(flash, op));
    else if (effect.kind === "store" || effect.kind === "forget") performStore(store, "gate", effect);
    else if (effect.kind === "call") {
      unit.calls.push(effect.name);
      const answer = (answers[effect.name] ?? "done") as Cbor;
      setImmediate(() => show({ kind: "called", id: effect.id, result: encodeCbor(answer) }));
    } else if (effect.kind === "tcp-write") {
      if (isLost()) sockets.get(effect.connection)?.destroy();
      else sockets.get(effect.connection)?.write(effect.bytes);
    } else if (effect.kind === "tcp-close") sockets.get(effect.connection)?.end();
    else if (effect.kind === "emit" && effect.event.kind === "answer-stored") show(effect.event);
    else if (effect.kind === "emit" && effect.event.kind === "publish" && !isLost()) {
      publish(effect.event.topic, effect.event.payload);
    }
  };
  const server = createServer((socket) => {
    const connection = connections++;
    sockets.set(connection, socket);
    show({ kind: "tcp-accepted", connection, port: 1, peer: socket.remoteAddress ?? "", isOnSubnet: true });
    socket.on("data", (bytes) => show({ kind: "tcp-data", connection, bytes: Uint8Array.from(bytes as Buffer) }));
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      sockets.delete(connection);
      show({ kind: "tcp-closed", connection });
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const unit: GateServer = {
    ...{ port: (server.address() as AddressInfo).port, calls: [], losesAnswers: 0, show },
    close() {
      clearTimeout(timer);
      server.close();
      for (const socket of sockets.values()) socket.destroy();
    },
  };
  show({ kind: "start", facts: store.facts, stored: store.settings });
  show({ kind: "online", ipv4: "127.0.0.1" });
  return unit;
}
