/** Calls to a unit that sleeps: they wait at the cloud, which says until when; through the real cloud process and broker. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toHex } from "#base/bytes.ts";
import { addGrantIssuer } from "#cloud/issuer/grant-issuers.ts";
import { call } from "#phone/call.ts";
import { openSession } from "#phone/session.ts";
import { deviceIdOf } from "#trust/device-id.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import type { CloudAddress } from "#wire/link/cloud-address.ts";
import { encodeUnitSleep } from "#wire/link/unit-sleep.ts";
import { enrolmentOf, type HomeUnit, issuer, seedOf, sessionFrom, startHomeUnit, wayTo } from "./home-unit.ts";
import { type CloudProcess, startCloudProcess, testClient, testKeys } from "./linked-unit.ts";
import { BROKERS, startTheirBroker, type TheirBroker } from "./their-broker.ts";

const MINUTE_S = 60;

describe.each(BROKERS.filter((kind) => kind === "the embedded broker" || kind === "mosquitto"))("over %s", (kind) => {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-asleep-"));
  const data = join(folder, "data");
  const keys = join(folder, "keys");
  let theirs: TheirBroker | undefined;
  let cloud: CloudProcess;
  let at: CloudAddress;
  let unit: HomeUnit;

  const start = async () => {
    cloud = await startCloudProcess(["--data", data, "--keys", keys, ...(theirs?.args ?? [])]);
    at = { host: "127.0.0.1", mqttPort: theirs?.port ?? cloud.mqtt, httpPort: cloud.http, broker: "latchkey" };
  };
  const stop = async (signal: "SIGTERM" | "SIGKILL") => {
    cloud.child.kill(signal);
    await cloud.ended;
  };
  const shown = async () =>
    (await testClient(cloud, data).get(`/v1/devices/${toHex(unit.id)}`)) as { online: boolean; asleepUntilMs: number };

  /** The unit says that it sleeps, hears that it may, and is gone. */
  async function asleep(forS: number | undefined): Promise<void> {
    unit.publish("sleep", encodeUnitSleep(forS));
    await expect.poll(() => unit.dismissed()).toBe(true);
    unit.stop();
    await expect.poll(async () => (await shown()).online).toBe(false);
  }

  const wake = async () => {
    unit = await startHomeUnit(seedOf(50), seedOf(7), at);
  };

  /** A call that waits; `told` is what its caller is told meanwhile. */
  function waitingCall() {
    const told: (number | undefined)[] = [];
    const answer = (async () => {
      const transport = await wayTo(unit, at, { onAsleep: (untilS) => told.push(untilS) > 0 });
      if (!transport.ok) return transport;
      const { seed: holderSeed, chain } = unit.owner;
      const way = { primitives, transport: transport.value, deviceId: unit.id, holderSeed, chain };
      const session = await openSession(way);
      return session.ok ? call(session.value, "setLamp") : session;
    })();
    return { told, answer };
  }

  beforeAll(async () => {
    testKeys(keys, "lamp");
    addGrantIssuer(keys, 1, issuer.publicKey);
    theirs = await startTheirBroker(kind, folder, data);
    await start();
    const publicKey = primitives.ed25519PublicKey(seedOf(50));
    const known = { id: deviceIdOf(primitives, publicKey), publicKey } as HomeUnit;
    await testClient(cloud, data).post("/v1/devices", [enrolmentOf(known)]);
    await wake();
  });
  afterAll(async () => {
    unit.stop();
    await stop("SIGTERM");
    await theirs?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it("a call waits until the unit wakes, and its caller knows until when", async () => {
    const untilS = Date.now() / 1_000 + 10 * MINUTE_S;
    await asleep(10 * MINUTE_S);
    const { told, answer } = waitingCall();
    await expect.poll(() => told.length).toBe(1);
    expect(Math.abs((told[0] as number) - untilS)).toBeLessThan(MINUTE_S);
    expect(unit.calls).toEqual([]);
    await wake();
    expect(await answer).toEqual({ ok: true, value: "done" });
    expect(unit.calls).toEqual(["setLamp"]);
  });

  it("who doesn't wait is refused at once, and called as before once the unit is awake", async () => {
    await asleep(10 * MINUTE_S);
    expect(await sessionFrom(unit, at)).toEqual({ ok: false, fault: "SESSION_ASLEEP" });
    await wake();
    const session = await sessionFrom(unit, at);
    expect(session.ok && (await call(session.value, "setLamp"))).toEqual({ ok: true, value: "done" });
  });

  it("a unit that only its pin wakes is waited for without a time", async () => {
    await asleep(undefined);
    const { told, answer } = waitingCall();
    await expect.poll(() => told).toEqual([undefined]);
    await wake();
    expect(await answer).toEqual({ ok: true, value: "done" });
  });

  it("a cloud that was killed still knows that the unit sleeps, and until when", async () => {
    await asleep(30 * MINUTE_S);
    const { asleepUntilMs } = await shown();
    await stop("SIGKILL");
    await start();
    expect(await shown()).toMatchObject({ online: false, asleepUntilMs });
    const { told, answer } = waitingCall();
    await expect.poll(() => told.length).toBe(1);
    await wake();
    expect(await answer).toEqual({ ok: true, value: "done" });
    expect((await shown()).asleepUntilMs).toBe(0);
  });
});
