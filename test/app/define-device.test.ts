/** What a maker writes, called through the gate and the runtime that ship: right by right, argument by argument. */
import { beforeEach, describe, expect, it } from "vitest";
import { bool, defineDevice, int, oneOf, text } from "#app/index.ts";
import type { Result } from "#base/faults.ts";
import type { Cbor } from "#codec/cbor.ts";
import type { AppIo } from "#device/app-interface.ts";
import { call } from "#phone/call.ts";
import { describeApp as readApp } from "#phone/describe.ts";
import type { Session } from "#phone/session.ts";
import { LEVEL, scopeOf } from "#wire/grants/scope.ts";
import { describedBy } from "../device/app-named.ts";
import { childOf, connected, ownerOf } from "../device/gate/callers.ts";
import { createWorld, seedOf, type World } from "../device/gate/world.ts";

/** The design brief's example, with one of each kind besides. */
const lamp = defineDevice({
  functions: {
    setLamp: { right: "call", args: { on: bool() }, run: ({ on }, io) => io.pin("lamp").write(on) },
    setMood: {
      right: "call",
      args: { percent: int(0, 100), colour: oneOf("warm", "cold"), name: text(5) },
      run: ({ percent, colour, name }) => `${name}: ${colour} ${percent}`,
    },
    rename: { right: "config", args: {}, run: () => "renamed" },
    burn: {
      right: "call",
      args: {},
      run: () => {
        throw new Error("out of oil, secret 1234");
      },
    },
  },
  variables: { brightness: { right: "read", value: int(0, 100), read: (io) => io.pin("light").level() } },
  events: { pressed: {} },
});

let world: World;
let pins: Map<string, number>;
beforeEach(() => {
  pins = new Map([["light", 42]]);
  const pin = (name: string) => ({
    write: (value: number | boolean) => void pins.set(name, Number(value)),
    read: () => pins.get(name) ?? 0,
    level: () => pins.get(name) ?? 0,
  });
  world = createWorld({ app: lamp, io: { pin } as unknown as AppIo });
});
const said = (result: Result<Cbor>) => (result.ok ? result.value : result.fault);
const owner = () => connected(world, ownerOf(world));
const asGuest = (rights: Parameters<typeof scopeOf>[0]): Promise<Session> =>
  connected(world, childOf(ownerOf(world), seedOf(9), { scope: scopeOf(rights) }));

describe("a device as its maker defined it", () => {
  it("does what it is told, and answers what it is asked", async () => {
    const session = await owner();
    expect(said(await call(session, "setLamp", { on: true }))).toBe(null);
    expect(pins.get("lamp")).toBe(1);
    expect(said(await call(session, "setLamp", { on: false }))).toBe(null);
    expect(pins.get("lamp")).toBe(0);
    expect(said(await call(session, "brightness"))).toBe(42);
    expect(said(await call(session, "setMood", { percent: 7, colour: "warm", name: "Eve" }))).toBe("Eve: warm 7");
  });

  it("takes the arguments that were declared, all of them and no others, each of its kind", async () => {
    const session = await owner();
    const mood = { percent: 7, colour: "warm", name: "Eve" };
    for (const args of [{}, { on: 1 }, { on: "true" }, { on: true, off: false }]) {
      expect([args, said(await call(session, "setLamp", args))]).toEqual([args, "APP_ARGUMENT"]);
    }
    for (const wrong of [{ percent: 101 }, { percent: -1 }, { percent: 0.5 }, { colour: "red" }, { name: "Adrian" }]) {
      expect([wrong, said(await call(session, "setMood", { ...mood, ...wrong }))]).toEqual([wrong, "APP_ARGUMENT"]);
    }
    expect(said(await call(session, "brightness", { on: true }))).toBe("APP_ARGUMENT");
    expect(pins.has("lamp")).toBe(false);
  });

  it("names that it hasn't, events among them, are no functions; what an object inherits is none either", async () => {
    const session = await owner();
    for (const name of ["off", "pressed", "constructor", "toString", "__proto__"]) {
      expect([name, said(await call(session, name))]).toEqual([name, "APP_NO_SUCH_NAME"]);
    }
  });

  it("asks for the right that its maker wrote beside each name", async () => {
    const reader = await asGuest({ brightness: ["read"], setLamp: ["read"] });
    expect(said(await call(reader, "brightness"))).toBe(42);
    expect(said(await call(reader, "setLamp", { on: true }))).toBe("GRANT_RIGHT");
    const all = await connected(world, childOf(ownerOf(world), seedOf(10), { scope: [{ name: "*", rights: 7 }] }));
    expect(said(await call(all, "rename"))).toBe("GRANT_RIGHT");
    expect(said(await call(await owner(), "rename"))).toBe("renamed");
    expect(LEVEL.noFlash[0].rights & 8).toBe(8);
  });

  it("a function that throws is a refusal, and its message stays on the unit", async () => {
    const session = await owner();
    expect(said(await call(session, "burn"))).toBe("APP_THREW");
    expect(said(await call(session, "brightness"))).toBe(42);
  });

  it("describes itself to whoever has a session, also where that takes several answers", async () => {
    const texts = { en: { title: "Lamp", help: "x".repeat(2_000) } };
    const app = defineDevice({ functions: { a: { right: "call", args: {}, answer: bool(), texts, run: () => 1 } } });
    world = createWorld({ app, described: describedBy(app) });
    const session = await owner();
    expect(await readApp(session)).toMatchObject({ ok: true, value: { v: 1, functions: { a: { texts } } } });
    expect(said(await session.request({ op: "description", part: 7 }))).toBe("SESSION_REQUEST");
    expect(said(await call(session, "a"))).toBe("APP_ANSWER");
  });

  it("tells its names with their rights, and its events to who may hear them", async () => {
    const session = await owner();
    const description = said(await session.request({ op: "describe" })) as Map<string, Cbor>;
    expect(description.get("names")).toEqual([
      ["setLamp", "call"],
      ["setMood", "call"],
      ["rename", "config"],
      ["burn", "call"],
      ["brightness", "read"],
      ["pressed", "subscribe"],
    ]);
    world.show({ kind: "raised", name: "pressed", value: Uint8Array.of(0xf5) });
    expect(said(await session.request({ op: "events", after: 0 }))).toHaveLength(1);
    expect(said(await (await asGuest({ setLamp: ["call"] })).request({ op: "events", after: 0 }))).toHaveLength(0);
  });
});
