/** A unit of any board that runs the shipped bundle, with an owner, on a network with somebody who means it no good. */
import { type AddressInfo, createServer, type Socket } from "node:net";
import type { Result } from "#base/faults.ts";
import { readBoard } from "#boards/sim/host/board.ts";
import { encodeCbor } from "#codec/cbor.ts";
import { openSession, type Session } from "#phone/session.ts";
import { httpTransport } from "#phone/transports/http.ts";
import { deviceIdOf } from "#trust/device-id.ts";
import { issueGrant } from "#trust/grants/mint.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { seedSigner } from "#trust/signer.ts";
import { PROVISIONED } from "#wire/flash/stored-names.ts";
import { LEVEL } from "#wire/grants/scope.ts";
import { SEED } from "../device/link/peers.ts";
import { until } from "../progress.ts";
import { type LinkedBoard, type LinkWish, startLinkedBoard } from "../tls/linked-board.ts";
import type { Target } from "./attack.ts";

const DEVICE_ID = deviceIdOf(primitives, primitives.ed25519PublicKey(SEED));
const ownerSeed = new Uint8Array(32).fill(7);
const issuer = { ...seedSigner(primitives, new Uint8Array(32).fill(101)), kid: Uint8Array.of(1) };

const OWNED = new Map<string, Uint8Array>([
  [PROVISIONED.issuers, encodeCbor(new Map([[1, issuer.publicKey]]))],
  [
    PROVISIONED.ownerGrant,
    issueGrant(issuer, {
      audience: { kind: "device", id: DEVICE_ID },
      issuedAtS: 1_795_435_200,
      cti: new Uint8Array(8).fill(3),
      holder: primitives.ed25519PublicKey(ownerSeed),
      scope: LEVEL.noFlash,
      epoch: 0,
      caveats: [],
    }),
  ],
]);

export interface AttackedUnit extends Target {
  readonly board: LinkedBoard;
  /** Why it started again, as far as it did since it was first reached. */
  restarts(): readonly string[];
  /** Opens a session as the owner, over connections of its own, trying until it has one. @returns Milliseconds. */
  sessionMs(): Promise<number>;
  /** Opens one once. */
  session(sendingsMax?: number): Promise<Result<Session>>;
  stop(): Promise<void>;
}

async function openWire(): Promise<{ readonly port: number; readonly socket: Promise<Socket>; close(): void }> {
  const server = createServer();
  const socket = new Promise<Socket>((resolve) => server.once("connection", resolve));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { port: (server.address() as AddressInfo).port, socket, close: () => void server.close() };
}

/** Makes one, switches it on, and waits until its owner has had a session. */
export async function startAttackedUnit(name: string, wish: Partial<LinkWish> = {}): Promise<AttackedUnit> {
  const wire = name === "sim" ? undefined : await openWire();
  const args = wire === undefined ? [] : ["--wire", `${wire.port}`];
  const board = await startLinkedBoard(name, {
    ...{ mqttPort: 1, httpPort: 1, tls: false, more: OWNED },
    ...wish,
    args: [...args, ...(wish.args ?? [])],
  });
  const reasons: string[] = [];
  board.station.unit()?.onNotice(({ reason, failure, message }) => {
    if (reason !== undefined || failure !== undefined) reasons.push(`${reason ?? failure} ${message ?? ""}`.trim());
  });
  const { tcpPort: port } = readBoard(name).network;
  const session = async (sendingsMax = 1) => {
    const transport = httpTransport({ host: board.ipv4, port, timeoutMs: 5_000 });
    const opened = await openSession({
      primitives,
      transport,
      deviceId: DEVICE_ID,
      holderSeed: ownerSeed,
      sendingsMax,
    });
    if (!opened.ok) await transport.close();
    return opened;
  };
  const sessionMs = async () => {
    const from = performance.now();
    const opened = await until(
      `a session with ${name}`,
      async () => {
        const result = await session();
        return result.ok ? result.value : undefined;
      },
      50,
    );
    const tookMs = performance.now() - from;
    await opened.close();
    return tookMs;
  };
  const unit = { host: board.ipv4, port, wire: await wire?.socket, board, session, sessionMs };
  await sessionMs();
  const known = reasons.length;
  return {
    ...unit,
    restarts: () => reasons.slice(known),
    async stop() {
      unit.wire?.destroy();
      wire?.close();
      await board.close();
    },
  };
}
