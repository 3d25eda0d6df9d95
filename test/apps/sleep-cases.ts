/** A whole unit that sleeps, of any board, behind the real cloud process: what waits for it there is done at its next wake. */
import { expect, test } from "vitest";
import { readBoard } from "#boards/sim/host/board.ts";
import { buildCheckedBundle } from "#cli/checked-bundle.ts";
import { encodeCbor } from "#codec/cbor.ts";
import { call } from "#phone/call.ts";
import { openSession } from "#phone/session.ts";
import { cloudRelayTransport } from "#phone/transports/cloud-relay.ts";
import { chainOf, issueGrant } from "#trust/grants/mint.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { PROVISIONED } from "#wire/flash/stored-names.ts";
import { LEVEL } from "#wire/grants/scope.ts";
import { issuer, seedOf } from "../cloud/broker/home-unit.ts";
import { until } from "../progress.ts";
import { startLinkedBoard } from "../tls/linked-board.ts";
import { startCloudOfOne } from "./cloud-of-one.ts";

const OWNER = seedOf(7);

export function sleepCases(name: string): void {
  test(`${name}: a call waits while the unit sleeps, and is answered at its next wake`, async () => {
    const { cloud, id, shown, stop } = await startCloudOfOne(issuer.publicKey);
    const grant = issueGrant(issuer, {
      ...{ audience: { kind: "device", id }, issuedAtS: 1_795_435_200, cti: primitives.random(8) },
      ...{ holder: primitives.ed25519PublicKey(OWNER), scope: LEVEL.noFlash, epoch: 0, caveats: [] },
    });
    const product = { app: "test/apps/sleeping-app.ts", board: name, onboarding: { legacy: [], softAp: false } };
    const { bytes } = await buildCheckedBundle(product, readBoard(name), { release: "test", atS: 1_790_000_000 });
    const board = await startLinkedBoard(name, {
      ...{ mqttPort: cloud.mqtt, httpPort: cloud.http, broker: "latchkey", tls: false, bundle: bytes },
      more: new Map([
        [PROVISIONED.issuers, encodeCbor(new Map([[1, issuer.publicKey]]))],
        [PROVISIONED.ownerGrant, grant],
      ]),
    });
    try {
      await until("a unit that sleeps", async () => {
        const { online, asleepUntilMs } = await shown();
        return !online && asleepUntilMs > 0 ? true : undefined;
      });
      const told: (number | undefined)[] = [];
      const at = { host: "127.0.0.1", mqttPort: cloud.mqtt, httpPort: cloud.http, broker: "latchkey" };
      const way = { primitives, deviceId: id, holderSeed: OWNER, chain: chainOf(grant) };
      const transport = await cloudRelayTransport({ ...way, cloud: at, onAsleep: (untilS) => told.push(untilS) > 0 });
      if (!transport.ok) throw new Error(transport.fault);
      const session = await openSession({ ...way, transport: transport.value });
      if (!session.ok) throw new Error(`${session.fault}; ${board.said.slice(-20).join(" | ")}`);
      // One wake brings it all: the session that waited stays open while it is used.
      const wakes = await call(session.value, "wakes");
      expect(wakes.ok && (wakes.value as number)).toBeGreaterThan(1);
      expect(await call(session.value, "woken")).toEqual({ ok: true, value: "timer" });
      expect(told.length).toBeGreaterThan(0);
      await session.value.close();
    } finally {
      await board.close();
      await stop();
    }
  });
}
