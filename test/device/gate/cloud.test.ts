/** The owner moves the unit to another cloud, and anyone brings a key set. */
import { describe, expect, it } from "vitest";
import { encodeCbor } from "#codec/cbor.ts";
import { askCloud, moveCloud } from "#phone/unit-cloud.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { OWN, PROVISIONED } from "#wire/flash/stored-names.ts";
import { childOf, connected, faultOf, ownerOf } from "./callers.ts";
import { createWorld, seedOf, type World } from "./world.ts";

const NEW = { host: "cloud.example", mqttPort: 8883, httpPort: 443, broker: "lamps" } as const;
const FACTORY = ["gone.example", 1883, 8080, "old"] as const;

function worldWithCloud(): World {
  const world = createWorld();
  world.stored.set(PROVISIONED.cloud, encodeCbor([...FACTORY]));
  world.restart();
  return world;
}

/** The runner shows each machine what it emitted itself. */
function hear(world: World): void {
  expect(world.emitted.at(-1)).toEqual({ kind: "cloud-moved" });
  world.show({ kind: "cloud-moved" });
}

async function cloudOf(world: World) {
  const session = await connected(world, ownerOf(world));
  const told = await askCloud(session);
  await session.close();
  if (!told.ok) throw new Error(told.fault);
  return told.value;
}

describe("a unit's cloud", () => {
  it("is where its owner says, also after a restart, and where the factory said once that is cleared", async () => {
    const world = worldWithCloud();
    expect((await cloudOf(world)).address?.host).toBe("gone.example");
    const owner = await connected(world, ownerOf(world));
    const tls = { serverName: "cloud.example", authorities: seedOf(3) };
    expect(faultOf(await moveCloud(owner, { ...NEW, tls }))).toBe("accepted");
    hear(world);
    expect(await cloudOf(world)).toMatchObject({ address: NEW, isTls: true });
    world.restart();
    expect(await cloudOf(world)).toMatchObject({ address: NEW, isTls: true });
    expect(faultOf(await moveCloud(await connected(world, ownerOf(world)), undefined))).toBe("accepted");
    hear(world);
    expect(await cloudOf(world)).toMatchObject({ address: { host: "gone.example" }, isTls: false });
  });

  it("is moved by its owner alone, and to nowhere that no unit can reach", async () => {
    const world = worldWithCloud();
    const guest = await connected(world, childOf(ownerOf(world), seedOf(9), { scope: [{ name: "*", rights: 31 }] }));
    expect(faultOf(await moveCloud(guest, NEW))).toBe("SESSION_OWNER");
    const owner = await connected(world, ownerOf(world));
    const wrong = [
      { ...NEW, host: "" },
      { ...NEW, mqttPort: 0 },
      { ...NEW, httpPort: 65_536 },
      { ...NEW, broker: "b".repeat(33) },
      { ...NEW, tls: { serverName: "cloud.example", authorities: new Uint8Array(0) } },
    ];
    for (const each of wrong) expect(faultOf(await moveCloud(owner, each))).toBe("SESSION_CLOUD");
    expect(world.stored.has(OWN.cloudMoved)).toBe(false);
  });

  it("is the factory's again after a reset and after a resale: the next owner chooses anew", async () => {
    for (const end of ["reset", "resale"] as const) {
      const world = worldWithCloud();
      const owner = await connected(world, ownerOf(world));
      await moveCloud(owner, NEW);
      expect(world.stored.has(OWN.cloudMoved)).toBe(true);
      world.show({ kind: "button", heldMs: end === "reset" ? 10_000 : 3_000 });
      const holder = primitives.ed25519PublicKey(seedOf(21));
      if (end === "resale") await owner.request({ op: "resale", holder, airKey: seedOf(22) });
      expect(world.stored.has(OWN.cloudMoved)).toBe(false);
    }
  });

  it("tells how the link stands", async () => {
    const world = worldWithCloud();
    expect((await cloudOf(world)).link).toBeUndefined();
    world.show({ kind: "link-failed", fault: "LINK_TLS_ISSUER" });
    expect((await cloudOf(world)).link).toBe("LINK_TLS_ISSUER");
    world.show({ kind: "link-up" });
    expect((await cloudOf(world)).link).toBe("up");
  });
});

describe("a key set", () => {
  it("is handed to the update machine from any session, and its version is told", async () => {
    const world = createWorld();
    const guest = await connected(world, childOf(ownerOf(world), seedOf(9)));
    expect(faultOf(await guest.request({ op: "key-set", signed: seedOf(1) }))).toBe("accepted");
    expect(world.emitted).toContainEqual({ kind: "carried-key-set", signed: seedOf(1) });
    world.show({ kind: "key-set-known", version: 7 });
    expect((await cloudOf(world)).keySet).toBe(7);
  });
});
