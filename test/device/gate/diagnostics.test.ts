/** Who reads the unit's lines and its app's last crash, and who says what the maker sees of it. */
import { expect, it } from "vitest";
import { encodeCbor } from "#codec/cbor.ts";
import type { Session } from "#phone/session.ts";
import { OWN } from "#wire/flash/stored-names.ts";
import { scopeOf } from "#wire/grants/scope.ts";
import { childOf, connected, faultOf, ownerOf } from "./callers.ts";
import { GUEST } from "./time-callers.ts";
import { createWorld } from "./world.ts";

const levelOf = async (session: Session) => {
  const described = await session.request({ op: "describe" });
  return described.ok && (described.value as ReadonlyMap<string, unknown>).get("diagnostics");
};
const set = async (session: Session, level: number) => faultOf(await session.request({ op: "diagnostics", level }));

it("the owner alone chooses what the maker sees, over a power cut, until a reset", async () => {
  const world = createWorld();
  const scope = scopeOf({ "*": ["call", "config", "delegate"] });
  const guest = await connected(world, childOf(ownerOf(world), GUEST, { scope }));
  expect(await levelOf(guest)).toBe(1);
  expect(await set(guest, 2)).toBe("SESSION_OWNER");
  const owner = await connected(world, ownerOf(world));
  expect(await set(owner, 3)).toBe("SESSION_REQUEST");
  expect(await levelOf(owner)).toBe(1);
  expect((await owner.request({ op: "diagnostics", level: 0 })).ok).toBe(true);
  world.restart();
  const again = await connected(world, ownerOf(world));
  expect(await levelOf(again)).toBe(0);
  world.refuses = (name) => name === OWN.diagnostics;
  expect(await set(again, 2)).toBe("STORE_FAILED");
  expect(await levelOf(again)).toBe(0);
  world.refuses = () => false;
  world.show({ kind: "button", heldMs: 10_000 });
  expect(world.stored.has(OWN.diagnostics)).toBe(false);
});

it("whoever holds the config right reads lines and crash, nobody else, and a reset forgets the crash", async () => {
  const world = createWorld();
  world.stored.set(OWN.appCrash, encodeCbor([1, "7", "f", "Error: 31", "", 394]));
  world.restart();
  const guest = await connected(world, childOf(ownerOf(world), GUEST, { scope: scopeOf({ "*": ["call", "read"] }) }));
  expect(faultOf(await guest.request({ op: "crash" }))).toBe("GRANT_RIGHT");
  expect(faultOf(await guest.request({ op: "logs", after: 0 }))).toBe("GRANT_RIGHT");
  const owner = await connected(world, ownerOf(world));
  expect(await owner.request({ op: "crash" })).toMatchObject({ ok: true, value: expect.any(Uint8Array) });
  expect((await owner.request({ op: "logs", after: 0 })).ok).toBe(true);
  world.show({ kind: "button", heldMs: 10_000 });
  expect(world.stored.has(OWN.appCrash)).toBe(false);
});
