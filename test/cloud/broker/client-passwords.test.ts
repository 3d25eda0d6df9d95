/** Every kind of MQTT client with an absent, an empty and a wrong password, before and after its right one was used. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect as connectSocket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generate } from "mqtt-packet";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { refuse } from "#base/faults.ts";
import type { Broker, BrokerEvents } from "#cloud/broker/broker.ts";
import { startEmbeddedBroker } from "#cloud/broker/broker-aedes.ts";
import { connectHookedBroker } from "#cloud/broker/broker-hooked.ts";
import { connectRemoteBroker } from "#cloud/broker/broker-remote.ts";
import type { LinkGate } from "#cloud/broker/link-gate.ts";
import type { Fleet } from "#cloud/fleet.ts";
import { callerName } from "#wire/link/caller-auth.ts";
import { startHookingBroker } from "./hooking-broker.ts";
import { startMosquitto } from "./mosquitto-broker.ts";
import { BROKERS } from "./their-broker.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-passwords-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Account {
  readonly clientId: string;
  readonly username?: string;
  readonly password?: string | Buffer;
}

/** Connects by hand, since client libraries leave an absent password or user name out of what they send. */
function signIn(port: number, account: Account): Promise<{ code: number; close(): void; ended: Promise<void> }> {
  return new Promise((resolve) => {
    const socket = connectSocket(port, "127.0.0.1");
    const ended = new Promise<void>((end) => socket.once("close", () => end()));
    socket.on("error", () => undefined);
    const packet = { cmd: "connect", protocolId: "MQTT", protocolVersion: 4, clean: true, keepalive: 60, ...account };
    socket.write(generate(packet as Parameters<typeof generate>[0]));
    socket.once("data", (bytes) => resolve({ code: bytes[3] ?? 255, close: () => socket.destroy(), ended }));
    void ended.then(() => resolve({ code: 255, close: () => undefined, ended }));
  });
}

/** A broker of each kind, with a gate that knows no unit. */
async function open(kind: (typeof BROKERS)[number], events: BrokerEvents) {
  const gate = { check: () => Promise.resolve(refuse("LINK_PROOF")) } as unknown as LinkGate;
  if (kind === "the embedded broker") {
    const broker = await startEmbeddedBroker(gate, events, { host: "127.0.0.1", port: 0, nonceMs: Date.now });
    return { broker, port: broker.port as number, stop: () => undefined };
  }
  if (kind === "mosquitto") {
    const theirs = await startMosquitto(join(folder, "mosquitto"));
    const broker = await connectRemoteBroker(theirs.url, events, "latchkey");
    return { broker, port: theirs.port, stop: theirs.stop };
  }
  const keyFile = join(folder, "hooks.key");
  writeFileSync(keyFile, "key", { mode: 0o600 });
  const theirs = await startHookingBroker(keyFile);
  const [host, port] = theirs.hooks.split(":") as [string, string];
  const fleet = { get: () => undefined } as unknown as Fleet;
  const at = { url: theirs.url, name: "latchkey", host, port: Number(port), key: "key", keyFile, nonceMs: Date.now };
  const broker = await connectHookedBroker(events, { ...at, gate, fleet });
  return { broker, port: theirs.port, stop: theirs.stop };
}

const isRefused = expect.toSatisfy((code) => code !== 0);

describe.each(BROKERS)("%s", (kind) => {
  const caller = callerName(randomBytes(16));
  const unit = "0".repeat(24);
  let broker: Broker;
  let port: number;
  let stop: () => void | Promise<void>;
  beforeAll(async () => {
    const nothing = () => undefined;
    const events: BrokerEvents = {
      ...{
        online: nothing,
        offline: nothing,
        refused: nothing,
        callerSaid: nothing,
        log: nothing,
        callerGone: nothing,
      },
      message: () => Promise.resolve(),
    };
    ({ broker, port, stop } = await open(kind, events));
  });
  afterAll(async () => {
    await broker?.close();
    await stop?.();
  });

  const wrong = (clientId: string): Account[] => [
    { clientId },
    { clientId, username: clientId },
    { clientId, username: clientId, password: "" },
    { clientId, username: clientId, password: Buffer.alloc(0) },
    { clientId, username: clientId, password: "wrong" },
    { clientId, username: clientId, password: "undefined" },
    { clientId, username: "somebody", password: "password" },
  ];
  const codes = async (accounts: readonly Account[]) => {
    const found: number[] = [];
    for (const account of accounts) {
      const { code, close } = await signIn(port, account);
      found.push(code);
      close();
    }
    return found;
  };
  const refusedAll = (accounts: readonly Account[]) => accounts.map(() => isRefused);

  it("lets no caller in without its password, before it is admitted, while it is, and once it is connected", async () => {
    expect(await codes(wrong(caller))).toEqual(refusedAll(wrong(caller)));
    await broker.admitCaller(caller, "password");
    expect(await codes(wrong(caller))).toEqual(refusedAll(wrong(caller)));
    const good = { clientId: caller, username: caller, password: "password" };
    const own = await signIn(port, good);
    expect(own.code).toBe(0);
    let hasEnded = false;
    void own.ended.then(() => {
      hasEnded = true;
    });
    // With its password used, somebody without one must neither get in nor throw the caller out.
    expect(await codes(wrong(caller))).toEqual(refusedAll(wrong(caller)));
    expect(hasEnded).toBe(false);
    own.close();
    await own.ended;
  });

  it("lets nobody else in without a proof: a unit, the cloud's own client, a client without a name", async () => {
    for (const clientId of [unit, "latchkey-cloud-latchkey", "", "anything"]) {
      expect([clientId, await codes(wrong(clientId))]).toEqual([clientId, refusedAll(wrong(clientId))]);
    }
  });
});
