/** What the owner's first session changes, and what the owner's session proves. */
import { describe, expect, it } from "vitest";
import { call } from "#phone/call.ts";
import type { Session } from "#phone/session.ts";
import { chainOf, issueGrant } from "#trust/grants/mint.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { LEVEL, scopeOf } from "#wire/grants/scope.ts";
import { childOf, connected, faultOf, ownerOf } from "./callers.ts";
import { createWorld, cti, issuer, NOW_S, seedOf, type World } from "./world.ts";

const on = (session: Session) => call(session, "setLamp", { on: true });
const press = (world: World, heldMs: number) => world.show({ kind: "button", heldMs });

describe("claiming", () => {
  const fleetGrant = (rights: Parameters<typeof scopeOf>[0] | "all") => {
    const holder = primitives.ed25519PublicKey(seedOf(40));
    const audience = { kind: "fleet", name: "lamps" } as const;
    const scope = rights === "all" ? LEVEL.all : scopeOf(rights);
    const claims = { audience, issuedAtS: NOW_S, cti: cti(), holder, scope, epoch: 0, caveats: [] };
    return { seed: seedOf(40), chain: chainOf(issueGrant(issuer, claims)) };
  };

  it("leaves a fleet grant only installs, until the owner agrees to more", async () => {
    const world = createWorld();
    const fleet = await connected(world, fleetGrant("all"), world.lan("10.0.0.8"));
    expect((await on(fleet)).ok).toBe(true);
    const owner = await connected(world, ownerOf(world));
    expect(faultOf(await on(fleet))).toBe("GRANT_FLEET");
    expect((await fleet.request({ op: "update", sequence: 9 })).ok).toBe(true);
    expect(world.emitted).toContainEqual({ kind: "update-approved", sequence: 9, isOwners: false });
    expect(faultOf(await fleet.request({ op: "agree", agreed: true }))).toBe("SESSION_OWNER");
    expect((await owner.request({ op: "agree", agreed: true })).ok).toBe(true);
    expect((await on(fleet)).ok).toBe(true);
    world.restart();
    expect((await on(await connected(world, fleetGrant("all")))).ok).toBe(true);
    press(world, 10_000);
    expect(faultOf(await on(await connected(world, fleetGrant("all"))))).toBe("GRANT_FLEET");
  });

  it("says once, on the owner's own network, that this image can be reached", async () => {
    const world = createWorld();
    const proved = () => world.emitted.filter(({ kind }) => kind === "peer-proved");
    const guest = await connected(world, childOf(ownerOf(world), seedOf(9)));
    await on(guest);
    const away = await connected(world, ownerOf(world), world.relay());
    await on(away);
    expect(proved()).toEqual([]);
    const owner = await connected(world, ownerOf(world));
    expect(proved()).toEqual([]);
    await on(owner);
    await on(owner);
    expect(proved()).toEqual([{ kind: "peer-proved", by: "session" }]);
  });
});
