/** Where the unit is: said by whoever may configure it, or seen by the app's receiver. Geofences rest on it. */
import { describe, expect, it } from "vitest";
import { call } from "#phone/call.ts";
import type { Session } from "#phone/session.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { OWN } from "#wire/flash/stored-names.ts";
import type { Caveat } from "#wire/grants/caveat.ts";
import { scopeOf } from "#wire/grants/scope.ts";
import { childOf, connected, faultOf, ownerOf } from "./callers.ts";
import { createWorld, seedOf, type World } from "./world.ts";

/** Berlin's middle, and half a kilometre around it. */
const HERE = [5_252_000, 1_340_500] as const;
const THERE = [4_885_700, 235_200] as const;
const FENCE: Caveat = { kind: "geofence", latitudeE5: HERE[0], longitudeE5: HERE[1], radiusM: 500, ageS: 600 };

const guestOf = (world: World, ...caveats: Caveat[]) => childOf(ownerOf(world), seedOf(9), { caveats });
const on = (session: Session) => call(session, "setLamp", { on: true });

describe("a place that was said", () => {
  it("decides a geofence: near, far, and after a restart", async () => {
    const world = createWorld();
    const owner = await connected(world, ownerOf(world));
    const guest = await connected(world, guestOf(world, FENCE));
    expect(faultOf(await on(guest))).toBe("CAVEAT_POSITION_UNKNOWN");
    expect(faultOf(await owner.request({ op: "place", place: THERE }))).toBe("accepted");
    expect(faultOf(await on(guest))).toBe("CAVEAT_GEOFENCE");
    expect(faultOf(await owner.request({ op: "place", place: HERE }))).toBe("accepted");
    expect(faultOf(await on(guest))).toBe("accepted");
    world.restart();
    world.advance(3_600_000);
    expect(faultOf(await on(await connected(world, guestOf(world, FENCE))))).toBe("accepted");
    expect(world.calls).toHaveLength(2);
  });

  it("is cleared by whoever may set it", async () => {
    const world = createWorld();
    const owner = await connected(world, ownerOf(world));
    const guest = await connected(world, guestOf(world, FENCE));
    await owner.request({ op: "place", place: HERE });
    await owner.request({ op: "place", place: null });
    expect(faultOf(await on(guest))).toBe("CAVEAT_POSITION_UNKNOWN");
    expect(world.stored.has(OWN.place)).toBe(false);
  });

  it("requires the config right: an installer has it, a guest doesn't, and nobody from outside the caller's own fence", async () => {
    const world = createWorld();
    const guest = await connected(world, guestOf(world));
    expect(faultOf(await guest.request({ op: "place", place: HERE }))).toBe("GRANT_RIGHT");
    const scope = scopeOf({ "*": ["config"] });
    const installer = await connected(world, childOf(ownerOf(world), seedOf(10), { scope }));
    expect(faultOf(await installer.request({ op: "place", place: THERE }))).toBe("accepted");
    const fenced = await connected(world, childOf(ownerOf(world), seedOf(11), { scope, caveats: [FENCE] }));
    expect(faultOf(await fenced.request({ op: "place", place: HERE }))).toBe("CAVEAT_GEOFENCE");
  });

  it("must lie on the globe", async () => {
    const world = createWorld();
    const owner = await connected(world, ownerOf(world));
    for (const place of [[9_000_001, 0], [0, -18_000_001], [0.5, 0], [1], [1, 2, 3]] as const) {
      const request = { op: "place", place: place as unknown as typeof HERE } as const;
      expect(faultOf(await owner.request(request))).toBe("SESSION_REQUEST");
    }
    expect(world.stored.has(OWN.place)).toBe(false);
  });

  it("ends with a reset and with a resale", async () => {
    for (const end of ["reset", "resale"] as const) {
      const world = createWorld();
      const owner = await connected(world, ownerOf(world));
      await owner.request({ op: "place", place: HERE });
      expect(world.stored.has(OWN.place)).toBe(true);
      world.show({ kind: "button", heldMs: end === "reset" ? 10_000 : 3_000 });
      const holder = primitives.ed25519PublicKey(seedOf(21));
      if (end === "resale") await owner.request({ op: "resale", holder, airKey: seedOf(22) });
      expect(world.stored.has(OWN.place)).toBe(false);
    }
  });
});

describe("a place that the app's receiver saw", () => {
  it("goes before the one that was said, for as long as the condition lets it", async () => {
    const world = createWorld();
    const owner = await connected(world, ownerOf(world));
    await owner.request({ op: "place", place: THERE });
    const guest = await connected(world, guestOf(world, { ...FENCE, ageS: 60 }));
    world.show({ kind: "located", place: HERE });
    world.advance(60_000);
    expect(faultOf(await on(guest))).toBe("accepted");
    world.advance(1_000);
    expect(faultOf(await on(guest))).toBe("CAVEAT_POSITION_UNKNOWN");
    world.show({ kind: "located", place: THERE });
    expect(faultOf(await on(guest))).toBe("CAVEAT_GEOFENCE");
  });
});
