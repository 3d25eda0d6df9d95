/**
 * Dates beyond 2038 (31 bits of seconds), 2049 (two-digit years of certificates), 2056 and 2106 (32 bits), in every format that
 * holds one: a unit is used for thirty years and may have been made late.
 */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { latchkey } from "#cli/story/world.ts";
import { loadFleet } from "#cloud/fleet.ts";
import { buildRelease, signReleaseFile } from "#cloud/releases/release-build.ts";
import { openStore } from "#cloud/store/store.ts";
import { createWriteQueue } from "#cloud/store/write-queue.ts";
import { decodeCbor, encodeCbor } from "#codec/cbor.ts";
import { openRegistry } from "#factory/registry.ts";
import { moonElongation } from "#trust/grants/moon.ts";
import { verifyChain } from "#trust/grants/verify-grant.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { decodeReleaseFile, encodeReleaseFile } from "#trust/host/release-file.ts";
import { signTimestamp } from "#trust/releases/sign-release.ts";
import { verifyTimestamp } from "#trust/releases/verify-release.ts";
import { checkTime, signTime } from "#trust/signed-time.ts";
import { seedSigner } from "#trust/signer.ts";
import { acceptTime, floorToPersist, startTime, timeAt } from "#trust/time-floor.ts";
import { COMPONENT } from "#wire/releases/release.ts";
import { call, grantChain, guest, guestChain, guestWith, trust } from "./grants/household.ts";

/** One second before, at, and after what 31 and 32 bits can name; and later years. */
const MOMENTS_S = [
  2 ** 31 - 1,
  2 ** 31,
  Date.parse("2050-01-01T00:00:00Z") / 1000,
  Date.parse("2056-07-01T00:00:00Z") / 1000,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 32 + 1,
  Date.parse("2150-06-30T12:00:00Z") / 1000,
];
const iso = (timeS: number) => new Date(timeS * 1000).toISOString();

describe.each(MOMENTS_S.map((timeS) => [iso(timeS), timeS] as const))("%s", (_, timeS) => {
  const at = (nowS: number) => ({ ...trust, time: { grade: "trusted", earliestS: nowS, latestS: nowS + 1 } as const });

  test("a key ends then, and neither before nor later", () => {
    const chain = guestChain({ expiresAtS: timeS });
    expect(verifyChain(chain, call, at(timeS - 10)).ok).toBe(true);
    expect(verifyChain(chain, call, at(timeS + 10))).toMatchObject({ ok: false, fault: "GRANT_EXPIRED" });
  });

  test("a key begins then, and knows the hour and the weekday", () => {
    const date = new Date(timeS * 1000);
    const minute = date.getUTCHours() * 60 + date.getUTCMinutes();
    const weekday = 1 << ((date.getUTCDay() + 6) % 7);
    const hours = (weekdays: number) =>
      guestWith({ kind: "timeOfDay", fromMinutes: minute, toMinutes: minute + 1, weekdays, utcOffsetMinutes: 0 });
    const now = at(timeS - (timeS % 60) + 20);
    expect(verifyChain(hours(weekday), call, now).ok).toBe(true);
    expect(verifyChain(hours(127 & ~weekday), call, now)).toMatchObject({ ok: false });
    const begins = guestWith({ kind: "notBefore", timeS });
    expect(verifyChain(begins, call, at(timeS - 10))).toMatchObject({ ok: false });
    expect(verifyChain(begins, call, at(timeS + 10)).ok).toBe(true);
  });

  test("signed time, its floor, and a timestamp over a release hold it", () => {
    const signer = seedSigner(nodePrimitives, new Uint8Array(32).fill(5));
    const nonce = new Uint8Array(16).fill(6);
    const kid = Uint8Array.of(1);
    const statement = signTime(signer, kid, { timeS, nonce });
    const checked = checkTime(nodePrimitives, statement, nonce, [{ kid, publicKey: signer.publicKey }]);
    expect(checked).toEqual({ ok: true, value: timeS });
    const taken = acceptTime(startTime(1_700_000_000, undefined), timeS, 0, 1_000);
    if (!taken.ok) throw new Error(taken.fault);
    expect(timeAt(taken.value, 1_000)).toMatchObject({ grade: "trusted", earliestS: timeS });
    const floorS = floorToPersist(taken.value);
    expect(decodeCbor(encodeCbor(floorS as number))).toEqual({ ok: true, value: timeS });
    expect(timeAt(startTime(undefined, floorS), 0)).toEqual({ grade: "floor", earliestS: timeS });
    const seed = new Uint8Array(32).fill(7);
    const timestamp = signTimestamp(nodePrimitives, seed, {
      ...{ product: "lamp", sequence: 3, releaseId: new Uint8Array(16), nonce, unixS: timeS },
      deviceId: new Uint8Array(12),
    });
    const keyset = {
      ...{ version: 1, product: "lamp", releaseKeys: [], roots: undefined },
      timestampKeys: [nodePrimitives.ed25519PublicKey(seed)],
    };
    const verified = verifyTimestamp(nodePrimitives, timestamp, keyset, {
      ...{ product: "lamp", nonce, deviceId: new Uint8Array(12) },
    });
    expect(verified).toMatchObject({ ok: true, value: { unixS: timeS } });
  });

  test("a release that ends then is read as it was built", () => {
    const plan = {
      ...{ product: "lamp", sequence: 1, hardware: [1], consent: "auto" as const, epoch: 0, notAfterS: timeS },
      ...{ images: new Map([[COMPONENT.js, new Uint8Array(100)]]), bases: [] },
    };
    const file = signReleaseFile(buildRelease(plan), new Uint8Array(32).fill(8));
    expect(decodeReleaseFile(encodeReleaseFile(file), "the file").release.notAfterS).toBe(timeS);
  });

  test("the registry and the cloud's SQLite store give it back", async () => {
    const folder = mkdtempSync(join(tmpdir(), "latchkey-far-"));
    const registry = openRegistry(join(folder, "registry.db"));
    const unit = {
      ...{
        id: "aa".repeat(12),
        product: "lamp",
        board: "sim",
        hardwareRevision: 1,
        fleet: "f1",
        cards: "all" as const,
      },
      ...{ publicKey: new Uint8Array(32), grantCti: new Uint8Array(8), release: "1", madeAtS: timeS },
    };
    registry.add(unit);
    registry.close();
    const again = openRegistry(join(folder, "registry.db"));
    expect(again.find(unit.id)?.madeAtS).toBe(timeS);
    again.close();
    const store = await openStore(join(folder, "cloud.db"), "kill");
    const queue = createWriteQueue(store);
    const fleet = await loadFleet(store, queue, () => 0);
    fleet.enrol({ id: unit.id, publicKey: unit.publicKey, product: "lamp", hardware: 1, fleet: "f1" });
    const device = fleet.get(unit.id);
    if (device === undefined) throw new Error("not enrolled");
    fleet.report(device, 2, "confirmed", "", timeS * 1000);
    fleet.flushHeard();
    await queue.commit();
    const loaded = (await loadFleet(store, queue, () => 0)).get(unit.id);
    expect(loaded?.history.get(2)?.heardMs).toBe(timeS * 1000);
    await store.close();
  });
});

test("the owner's grant of thirty years from 2080 holds until 2110", () => {
  const madeS = Date.parse("2080-01-01T00:00:00Z") / 1000;
  const chain = grantChain({ issuedAtS: madeS, expiresAtS: madeS + 30 * 31_557_600 });
  const now = { grade: "trusted", earliestS: madeS + 29 * 31_557_600, latestS: madeS + 29 * 31_557_600 + 1 } as const;
  expect(verifyChain(chain, call, { ...trust, time: now }).ok).toBe(true);
});

test("the command line takes and shows dates of the next century", async () => {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-far-"));
  const issuer = join(folder, "issuer.key");
  expect((await latchkey("keys", "new", "issuer", issuer)).code).toBe(0);
  const grant = join(folder, "far.grant");
  const holder = Buffer.from(guest.publicKey).toString("hex");
  const what = ["--for", "ab".repeat(12), "--holder", holder, "--expires", "2107-03-01", "--out", grant];
  const issued = await latchkey("grant", "issue", "--issuer", issuer, ...what);
  expect([issued.code, issued.errors]).toEqual([0, ""]);
  expect(JSON.stringify((await latchkey("grant", "inspect", grant, "--json")).json)).toMatch(/2107-03-01|4328294400/);
});

/** Greatest eclipses of the sun by NASA's five-millennium catalogue: new moon to within half an hour. */
test.each([
  "2060-04-30T10:10Z",
  "2072-09-12T08:59Z",
  "2078-05-11T17:57Z",
  "2081-09-03T09:07Z",
  "2089-10-04T01:15Z",
  "2096-05-22T01:37Z",
  "2099-09-14T16:58Z",
])("the moon is new at %s, within 0.3 degrees", (instant) => {
  const off = moonElongation(Date.parse(instant) / 1000);
  expect(Math.min(off, 360 - off)).toBeLessThan(0.3);
});
