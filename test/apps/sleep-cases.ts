/** A whole unit that sleeps, of any board, behind the real cloud process: what waits for it there is done at its next wake. */
import { expect, test } from "vitest";
import { toHex } from "#base/bytes.ts";
import { readBoard } from "#boards/sim/host/board.ts";
import { buildCheckedBundle } from "#cli/checked-bundle.ts";
import type { RevocationStatus } from "#cloud/issuer/revocation-register.ts";
import { buildRelease, signReleaseFile } from "#cloud/releases/release-build.ts";
import { encodeCbor } from "#codec/cbor.ts";
import { call } from "#phone/call.ts";
import { openSession } from "#phone/session.ts";
import { cloudRelayTransport } from "#phone/transports/cloud-relay.ts";
import { chainOf, issueGrant } from "#trust/grants/mint.ts";
import { signRevocation } from "#trust/grants/revoke.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { encodeReleaseFile } from "#trust/host/release-file.ts";
import { PROVISIONED } from "#wire/flash/stored-names.ts";
import { encodeDelivery, joinCtis } from "#wire/grants/revocation.ts";
import { LEVEL } from "#wire/grants/scope.ts";
import { COMPONENT } from "#wire/releases/release.ts";
import { issuer, seedOf } from "../cloud/broker/home-unit.ts";
import { until } from "../progress.ts";
import { startLinkedBoard } from "../tls/linked-board.ts";
import { startCloudOfOne } from "./cloud-of-one.ts";

const OWNER = seedOf(7);

export function sleepCases(name: string): void {
  test(`${name}: a call waits while the unit sleeps, and is answered at its next wake, as is a release, and a revocation counts from then on`, async () => {
    const { cloud, id, maker, operator, shown, stop } = await startCloudOfOne(issuer.publicKey);
    const cti = primitives.random(8);
    const grant = issueGrant(issuer, {
      ...{ audience: { kind: "device", id }, issuedAtS: 1_795_435_200, cti },
      ...{ holder: primitives.ed25519PublicKey(OWNER), scope: LEVEL.noFlash, epoch: 0, caveats: [] },
    });
    const product = { app: "test/apps/sleeping-app.ts", board: name, onboarding: { legacy: [], softAp: false } };
    const { bytes } = await buildCheckedBundle(product, readBoard(name), { release: "test", atS: 1_790_000_000 });
    const board = await startLinkedBoard(name, {
      ...{ mqttPort: cloud.mqtt, httpPort: cloud.http, broker: "latchkey", tls: false, bundle: bytes, maker },
      more: new Map([
        [PROVISIONED.issuers, encodeCbor(new Map([[1, issuer.publicKey]]))],
        [PROVISIONED.ownerGrant, grant],
      ]),
    });
    try {
      const sleeps = () =>
        until("a unit that sleeps", async () => {
          const { online, asleepUntilMs } = await shown();
          return !online && asleepUntilMs > 0 ? true : undefined;
        });
      await sleeps();
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

      // Published while it sleeps, fetched and tried when it wakes.
      await sleeps();
      const next = await buildCheckedBundle(product, readBoard(name), { release: "2", atS: 1_790_000_001 });
      const plan = {
        product: "lamp",
        sequence: 2,
        hardware: [1],
        consent: "auto",
        epoch: 0,
        notAfterS: undefined,
      } as const;
      const release = buildRelease({ ...plan, images: new Map([[COMPONENT.js, next.bytes]]), bases: [] });
      await operator.post("/v1/releases", encodeReleaseFile(signReleaseFile(release, maker.releaseSeed)));
      const waves = [{ name: "all", share: 10_000 }];
      await operator.post("/v1/rollouts", {
        product: "lamp",
        sequence: 2,
        waves,
        limits: { soakMs: 0, sample: 1_000 },
      });
      await until("release 2", async () => ((await shown()).sequence === 2 ? true : undefined));

      // Handed in while it sleeps; the owner's card is worth nothing from its next wake on.
      await sleeps();
      const revoked = { audience: { kind: "device", id } as const, sequence: 1, floor: 0, revoked: joinCtis([cti]) };
      const statement = signRevocation(issuer, Uint8Array.of(1), revoked);
      await operator.post(`/v1/devices/${toHex(id)}/revocations`, encodeDelivery([{ statement }]));
      await until("the revocation", async () => {
        const [status] = await operator.get<readonly RevocationStatus[]>("/v1/revocations");
        return status?.taken === 1 ? true : undefined;
      });
      const again = await cloudRelayTransport({ ...way, cloud: at, onAsleep: () => true });
      expect(again.ok ? "let in" : again.fault).toBe("GRANT_REVOKED");
    } finally {
      await board.close();
      await stop();
    }
  });
}
