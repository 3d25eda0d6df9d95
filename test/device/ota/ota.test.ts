import { describe, expect, test } from "vitest";
import { encodeCbor } from "#codec/cbor.ts";
import type { ResetReason } from "#device/port.ts";
import { signKeyset, signRelease } from "#trust/releases/sign-release.ts";
import { BLOCK_BYTES } from "#wire/releases/blocks.ts";
import type { Release } from "#wire/releases/release.ts";
import { GEOMETRIES, type Geometry } from "../../powercut/flash-model.ts";
import { imageSets } from "../../powercut/images.ts";
import { crypto, factoryFlash, KEYSET, RELEASE_SEED, type Served, seedOf, serve } from "../../powercut/maker.ts";
import { modelOf, runWorld, type World } from "../../powercut/world.ts";

const NOR = GEOMETRIES[0] as Geometry;
const SETS = imageSets(21_000, 30_000);
const WHOLE = serve(SETS[1], undefined);
const DELTA = serve(SETS[1], SETS[0], { isDeltaOnly: true });

function worldOf(served: Served, change: Partial<World> = {}, geometry = NOR): World {
  const { bytes, regions } = factoryFlash(geometry, SETS);
  return {
    flash: modelOf(geometry, bytes),
    regions,
    served,
    crashing: new Map(),
    isSilent: () => false,
    ...change,
  };
}

describe("an update", () => {
  for (const geometry of GEOMETRIES) {
    test(`is fetched whole or as a delta, tried and confirmed, on ${geometry.name}`, () => {
      const whole = runWorld(worldOf(WHOLE, {}, geometry));
      const delta = runWorld(worldOf(DELTA, {}, geometry));
      for (const outcome of [whole, delta]) {
        expect(outcome).toMatchObject({ end: "rest", sequence: 2, starts: 2, rewrittenSectors: 0, isKept: true });
        expect(outcome.states.at(-1)).toEqual({ sequence: 2, epoch: 1, attempt: undefined });
      }
      expect(delta.blocksServed).toBeLessThan(whole.blocksServed);
    });
  }

  test("says with its state which revocations were taken, as long as it runs", () => {
    const outcome = runWorld(worldOf(DELTA, { events: [{ kind: "revocations-taken", tag: 7 }] }));
    expect(outcome.states.some(({ revoked }) => revoked === 7)).toBe(true);
    expect(outcome.states[0]).not.toHaveProperty("revoked");
  });

  test("chooses the delta where its base is, and the whole image elsewhere", () => {
    const both = serve(SETS[1], SETS[0]);
    expect(runWorld(worldOf(both)).blocksServed).toBe(runWorld(worldOf(DELTA)).blocksServed);
    const other = imageSets(22_000, 30_001)[0];
    const elsewhere = serve(SETS[1], other);
    expect(runWorld(worldOf(elsewhere)).blocksServed).toBe(runWorld(worldOf(WHOLE)).blocksServed);
    const nowhere = runWorld(
      worldOf(
        serve(
          SETS[1],
          {
            ...other,
            images: new Map([...other.images].map(([kind, image]) => [kind, image.map((byte) => byte ^ 1)])),
          },
          { isDeltaOnly: true },
        ),
      ),
    );
    expect(nowhere).toMatchObject({ sequence: 1, blocksServed: 0 });
    expect(nowhere.states.at(-1)?.attempt).toMatchObject({ stage: "refused", fault: "RELEASE_BASE" });
  });

  test("that ends by an exception three times is rejected, told of, and not fetched again", () => {
    const world = worldOf(WHOLE, { crashing: new Map([[2, "exception"]]) });
    const outcome = runWorld(world);
    expect(outcome).toMatchObject({ end: "rest", sequence: 1, starts: 7, isKept: true });
    expect(outcome.states.at(-1)?.attempt).toMatchObject({ sequence: 2, stage: "rejected", fault: "TRIAL_CRASH" });
    expect(outcome.states.some((state) => state.attempt?.stage === "rolledBack")).toBe(true);
    const again = runWorld(world);
    expect(again).toMatchObject({ end: "rest", sequence: 1, starts: 1, blocksServed: 0 });
    expect(again.states.at(-1)?.attempt).toMatchObject({ stage: "rejected", fault: "RELEASE_REJECTED" });
    const signedAgain = serve({ ...SETS[1], sequence: 9 }, undefined);
    expect(runWorld({ ...world, served: signedAgain })).toMatchObject({ sequence: 1, blocksServed: 0 });
  });

  for (const [reason, fault] of [
    ["watchdog", "TRIAL_WATCHDOG"],
    ["out-of-memory", "TRIAL_OUT_OF_MEMORY"],
  ] as const) {
    test(`that ends by ${reason} while somebody attacks the unit is not given up: it runs once that is over`, () => {
      let trials = 0;
      const attacked = new Map<number, ResetReason>([[2, reason]]);
      // The fifth trial is left in peace.
      attacked.get = (sequence) => (sequence === 2 && ++trials < 5 ? reason : undefined);
      const outcome = runWorld(worldOf(WHOLE, { crashing: attacked }));
      expect(outcome).toMatchObject({ end: "rest", sequence: 2 });
      expect(trials).toBe(5);
      const ends = outcome.states.map(({ attempt }) => `${attempt?.stage} ${attempt?.fault}`);
      expect(ends).toContain(`rolledBack ${fault}`);
      expect(ends.some((end) => end.startsWith("rejected"))).toBe(false);
    });
  }

  test("whose self-test fails three times is rejected", () => {
    const outcome = runWorld(worldOf(WHOLE, { unfit: new Set([2]) }));
    expect(outcome).toMatchObject({ end: "rest", sequence: 1 });
    expect(outcome.states.at(-1)?.attempt).toMatchObject({ stage: "rejected", fault: "TRIAL_SELF_TEST" });
  });

  test("that meets an outage during its trial goes back, and is tried again until somebody answers", () => {
    // Silent in every trial start up to the tenth start; the machine then asks over and over.
    const outcome = runWorld(
      worldOf(WHOLE, { isSilent: (start) => start === 2 || start === 4 || start === 6 || start === 8 }),
    );
    expect(outcome).toMatchObject({ end: "rest", sequence: 2 });
    expect(outcome.states.filter((state) => state.attempt?.fault === "TRIAL_SILENCE").length).toBeGreaterThan(2);
  });

  test("whose trial gets no answer to its first questions asks again, and is confirmed without another start", () => {
    const answered = { inAll: 0, spoilt: Number.POSITIVE_INFINITY };
    const world = worldOf(WHOLE, {
      forge(name, payload) {
        if (name !== "fresh" || ++answered.inAll < answered.spoilt) return payload;
        // Three answers that are as good as none.
        return answered.inAll < answered.spoilt + 3 ? payload.slice(1) : payload;
      },
    });
    expect(runWorld(world)).toMatchObject({ sequence: 2, starts: 2 });
    // The last one was the trial's.
    const spoilt = answered.inAll;
    Object.assign(answered, { inAll: 0, spoilt });
    const outcome = runWorld({ ...world, flash: worldOf(WHOLE).flash });
    expect(outcome).toMatchObject({ end: "rest", sequence: 2, starts: 2 });
    expect(answered.inAll).toBe(spoilt + 3);
  });

  test("is refused with a fault of its own when it is not current, and dropped", () => {
    const current = () => ({ sequence: 3, releaseId: new Uint8Array(16) });
    const outcome = runWorld(worldOf(WHOLE, { current }));
    expect(outcome).toMatchObject({ sequence: 1, blocksServed: 0 });
    expect(outcome.states.at(-1)?.attempt).toMatchObject({ stage: "refused", fault: "RELEASE_NOT_CURRENT" });
    const withdrawn = runWorld(worldOf(WHOLE, { current: () => ({ sequence: 0, releaseId: new Uint8Array(16) }) }));
    expect(withdrawn.states.at(-1)?.attempt).toMatchObject({ fault: "RELEASE_WITHDRAWN" });
  });

  test("that isn't for this unit, or its time is over, is refused by a fault that names why, and nothing is fetched", () => {
    const cases: readonly [Partial<Release>, string][] = [
      [{ product: "lock" }, "RELEASE_PRODUCT"],
      [{ hardware: [2, 3] }, "RELEASE_HARDWARE"],
      [{ sequence: 1 }, "RELEASE_ROLLBACK"],
      [{ epoch: 0 }, "RELEASE_EPOCH"],
      [{ components: WHOLE.release.components.map((each) => ({ ...each, imageBytes: 200_000 })) }, "RELEASE_COMPONENT"],
      // The timestamp says a later time than the release may still be installed at.
      [{ notAfterS: 1_799_999_999 }, "RELEASE_EXPIRED"],
    ];
    for (const [change, fault] of cases) {
      const release = { ...WHOLE.release, ...change };
      const outcome = runWorld(worldOf({ ...WHOLE, release, signed: signRelease(crypto, RELEASE_SEED, release) }));
      const attempt = outcome.states.at(-1)?.attempt;
      expect([fault, attempt?.fault, attempt?.stage, outcome.blocksServed]).toEqual([fault, fault, "refused", 0]);
      expect(outcome).toMatchObject({ end: "rest", sequence: 1, starts: 1 });
    }
  });

  test("with one flipped bit is refused before anything is written", () => {
    for (const at of [5, 60, WHOLE.signed.length - 3]) {
      const signed = WHOLE.signed.slice();
      signed[at] = (signed[at] as number) ^ 1;
      const outcome = runWorld(worldOf({ ...WHOLE, signed }));
      expect(outcome).toMatchObject({ end: "rest", sequence: 1, blocksServed: 0, starts: 1 });
    }
  });

  test("never writes a block that the release doesn't know", () => {
    let forged = 0;
    const outcome = runWorld(
      worldOf(WHOLE, {
        forge(name, payload) {
          if (name !== "block" || forged++ !== 2) return payload;
          const other = payload.slice();
          other[100] = (other[100] as number) ^ 0x40;
          return other;
        },
      }),
    );
    expect(outcome).toMatchObject({ sequence: 2 });
    expect(outcome.rewrittenSectors).toBeLessThanOrEqual(1);
    expect(outcome.log.some((line) => line.includes("BLOCK_HASH"))).toBe(true);
  });

  test("takes no block of another good release for one of its own", () => {
    const other = serve({ ...SETS[1], images: SETS[0].images }, undefined);
    const strange = [...other.streams.values()].map((stream) => stream.subarray(0, BLOCK_BYTES));
    let mixed = 0;
    const outcome = runWorld(
      worldOf(WHOLE, {
        forge(name, payload) {
          if (name !== "block" || payload.length < BLOCK_BYTES || mixed === strange.length) return payload;
          return Uint8Array.of(...payload.subarray(0, 6), ...(strange[mixed++] as Uint8Array));
        },
      }),
    );
    expect(outcome).toMatchObject({ sequence: 2 });
    expect(outcome.log.filter((line) => line.includes("BLOCK_HASH")).length).toBeGreaterThanOrEqual(1);
    expect(mixed).toBe(strange.length);
  });

  test("waits for the owner where the maker says so", () => {
    const agreed = serve(SETS[1], undefined, { consent: "agree" });
    const waiting = runWorld(worldOf(agreed));
    expect(waiting).toMatchObject({ end: "rest", sequence: 1, blocksServed: 0 });
    expect(waiting.states.at(-1)?.attempt).toMatchObject({ sequence: 2, stage: "waiting" });
    const events = [{ kind: "update-approved", sequence: 2, isOwners: true } as const];
    expect(runWorld(worldOf(agreed, { events }))).toMatchObject({ sequence: 2 });
    const wrong = [{ kind: "update-approved", sequence: 3, isOwners: true } as const];
    expect(runWorld(worldOf(agreed, { events: wrong }))).toMatchObject({ sequence: 1 });
    // Whoever else may start installs has no say where the owner must agree, over the link or by hand.
    const others = [{ kind: "update-approved", sequence: 2, isOwners: false } as const];
    expect(runWorld(worldOf(agreed, { events: others }))).toMatchObject({ end: "rest", sequence: 1, blocksServed: 0 });
    const { signed } = agreed;
    const brought = [{ kind: "carried-release", signed, from: "10.0.0.2:1", isOwners: false } as const];
    expect(runWorld(worldOf(agreed, { events: brought }))).toMatchObject({ sequence: 1, blocksServed: 0 });
    // Put off by silence, it is installed when the time has come.
    expect(runWorld(worldOf(serve(SETS[1], undefined, { consent: "defer" })))).toMatchObject({ sequence: 2 });
  });

  test("gives up, in the old image, when a sector no longer takes writes", () => {
    const world = worldOf(WHOLE);
    world.flash.worn.add(world.regions.jsB.start / NOR.sectorBytes + 2);
    const outcome = runWorld(world);
    expect(outcome).toMatchObject({ end: "rest", sequence: 1, isKept: true });
    expect(outcome.states.at(-1)?.attempt).toMatchObject({ stage: "refused", fault: "IMAGE_FLASH" });
  });

  test("is left alone, in the old image, when the journal no longer takes writes", () => {
    const world = worldOf(WHOLE);
    const { start, bytes } = world.regions.journal;
    for (let at = start; at < start + bytes; at += NOR.sectorBytes) world.flash.worn.add(at / NOR.sectorBytes);
    expect(runWorld(world)).toMatchObject({ end: "rest", sequence: 1, starts: 1, isKept: true });
  });

  test("raises the security epoch once confirmed, and nothing below it is taken any more", () => {
    const world = worldOf(serve(SETS[1], undefined, { epoch: 5 }));
    expect(runWorld(world).states.at(-1)).toMatchObject({ sequence: 2, epoch: 5 });
    const older = serve({ ...SETS[0], sequence: 3 }, undefined, { epoch: 4 });
    const outcome = runWorld({ ...world, served: older });
    expect(outcome).toMatchObject({ sequence: 2, blocksServed: 0 });
    expect(outcome.states.at(-1)?.attempt).toMatchObject({ fault: "RELEASE_EPOCH" });
  });

  test("signed by a key that comes with a newer key set is taken once that set is there", () => {
    const by = seedOf(21);
    const late = serve({ ...SETS[1], sequence: 900 }, undefined, { by });
    const rotated = { ...KEYSET, version: 5, releaseKeys: [crypto.ed25519PublicKey(by)] };
    const payload = signKeyset(crypto, [seedOf(1), seedOf(3)], rotated);
    const events = [{ kind: "link-message", topic: "all/keyset", payload } as const];
    const refused = runWorld(worldOf(late));
    expect(refused).toMatchObject({ sequence: 1, blocksServed: 0 });
    expect(refused.states.at(-1)?.attempt).toMatchObject({ stage: "refused", fault: "RELEASE_SIGNATURE" });
    // Off for long: it meets a later sequence and other keys at once, and starts what the old key signed until then.
    expect(runWorld(worldOf(late, { events }))).toMatchObject({ end: "rest", sequence: 900 });
    const [single] = [signKeyset(crypto, [seedOf(1)], rotated)];
    const forged = [{ kind: "link-message", topic: "all/keyset", payload: single } as const];
    expect(runWorld(worldOf(late, { events: forged }))).toMatchObject({ sequence: 1, blocksServed: 0 });
  });

  test("catches up over several changes of roots, one set after the other, and not without one of them", () => {
    const rootsOf = (...numbers: readonly number[]) => numbers.map((each) => crypto.ed25519PublicKey(seedOf(each)));
    const by = seedOf(21);
    const late = serve({ ...SETS[1], sequence: 900 }, undefined, { by });
    const setOf = (version: number, signers: readonly number[], more: object) =>
      signKeyset(crypto, signers.map(seedOf), { ...KEYSET, version, ...more });
    const second = setOf(2, [2, 3], { roots: rootsOf(11, 2, 3) });
    const third = setOf(3, [11, 3], { roots: rootsOf(11, 12, 3) });
    const newest = setOf(7, [11, 12], { releaseKeys: [crypto.ed25519PublicKey(by)] });
    const reached = (...sets: readonly Uint8Array[]) => {
      const events = [{ kind: "link-message", topic: "all/keyset", payload: encodeCbor(sets) } as const];
      return runWorld(worldOf(late, { events })).sequence;
    };
    expect(reached(second, third, newest)).toBe(900);
    expect(reached(second, newest)).toBe(1);
    expect(reached(third, newest)).toBe(1);
    expect(reached(newest)).toBe(1);
  });
});
