/** Sessions with a unit's gate, in process. */
import { describe, expect, it } from "vitest";
import { call } from "#phone/call.ts";
import { childOf, connect, connected, faultOf, ownerOf } from "./callers.ts";
import { createWorld, seedOf } from "./world.ts";

describe("a session", () => {
  it("calls the app's functions over the local network and the relay", async () => {
    const world = createWorld();
    for (const transport of [world.lan(), world.relay()]) {
      const session = await connected(world, ownerOf(world), transport);
      expect(await call(session, "setLamp", { on: true })).toEqual({ ok: true, value: true });
      expect(await call(session, "lamp")).toEqual({ ok: true, value: null });
    }
    expect(world.calls.map(({ name }) => name)).toEqual(["setLamp", "lamp", "setLamp", "lamp"]);
  });

  it("needs no grant on the wire for the owner: the unit holds it", async () => {
    const world = createWorld();
    const session = await connected(world, { ...ownerOf(world), chain: new Uint8Array(0) });
    expect(await call(session, "setLamp", { on: false })).toEqual({ ok: true, value: false });
    expect(await session.request({ op: "grant" })).toEqual({ ok: true, value: world.owner.grant });
    const thief = { seed: seedOf(9), chain: new Uint8Array(0) };
    expect(faultOf(await connect(world, thief))).toBe("EDHOC_SIGNATURE");
  });

  it("lets a guest do what the guest's link says, and nothing else", async () => {
    const world = createWorld();
    const session = await connected(world, childOf(ownerOf(world), seedOf(9)));
    expect((await call(session, "setLamp", { on: true })).ok).toBe(true);
    expect(faultOf(await call(session, "lamp"))).toBe("GRANT_RIGHT");
    expect(faultOf(await call(session, "rename"))).toBe("GRANT_RIGHT");
    expect(faultOf(await session.request({ op: "grant" }))).toBe("SESSION_OWNER");
    expect(world.calls.map(({ name }) => name)).toEqual(["setLamp"]);
  });
});
