/** Attacks by someone between caller and unit, and lost messages: neither breaks a session. */
import { describe, expect, it } from "vitest";
import { concat } from "#base/bytes.ts";
import { decodeCbor, encodeCbor } from "#codec/cbor.ts";
import { call } from "#phone/call.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { recordKeys, sealRequest } from "#trust/sessions/sealed-record.ts";
import { encodeRequest, MESSAGE_1_MARK } from "#wire/sessions/session.ts";
import { childOf, connect, connected, faultOf, handshake, ownerOf } from "./callers.ts";
import { createWorld, seedOf, type World } from "./world.ts";

/** Keeps what goes by. */
function record(world: World) {
  const requests: Uint8Array[] = [];
  const replies: Uint8Array[] = [];
  world.tamper = {
    request: (path, body) => {
      if (path === "record") requests.push(body);
      return body;
    },
    reply: (path, body) => {
      if (path === "record") replies.push(body);
      return body;
    },
  };
  return { requests, replies };
}

const NO_ARGS = encodeCbor(new Map());
const BOTH = ["lan", "relay"] as const;

describe.each(BOTH)("over the %s, nobody on the way", (way) => {
  const open = () => {
    const world = createWorld();
    return { world, transport: way === "lan" ? world.lan() : world.relay() };
  };

  it("replays a request", async () => {
    const { world, transport } = open();
    const session = await connected(world, ownerOf(world), transport);
    const { requests } = record(world);
    await call(session, "setLamp", { on: true });
    await call(session, "setLamp", { on: false });
    world.tamper = {};
    expect(faultOf(await transport.exchange("record", requests[0] as Uint8Array))).toBe("SESSION_REPLAY");
    expect(world.calls).toHaveLength(2);
  });

  it("runs the last request a second time, but gets the same sealed bytes again", async () => {
    const { world, transport } = open();
    const session = await connected(world, ownerOf(world), transport);
    const { requests, replies } = record(world);
    await call(session, "setLamp", { on: true });
    world.tamper = {};
    const again = await transport.exchange("record", requests[0] as Uint8Array);
    expect(again).toEqual({ ok: true, value: replies[0] });
    expect(world.calls).toHaveLength(1);
  });

  it("reorders requests, or drops one", async () => {
    const { world, transport } = open();
    const session = await connected(world, ownerOf(world), transport);
    const { requests } = record(world);
    world.tamper = { ...world.tamper, request: (_, body) => void requests.push(body) };
    await call(session, "setLamp", { on: true });
    world.tamper = {};
    const other = requests[0] as Uint8Array;
    const item = decodeCbor(other);
    const [head, , ciphertext] = item.ok ? (item.value as [Uint8Array, unknown, Uint8Array]) : [];
    const id = item.ok ? (item.value as [unknown, Map<number, Uint8Array>])[1].get(4) : undefined;
    const later = encodeCbor([
      head as Uint8Array,
      new Map([
        [4, id as Uint8Array],
        [6, Uint8Array.of(2)],
      ]),
      ciphertext as Uint8Array,
    ]);
    expect(faultOf(await transport.exchange("record", later))).toBe("SESSION_ORDER");
    expect(world.calls).toHaveLength(0);
  });

  it("changes a request under a counter that was used", async () => {
    const { world, transport } = open();
    const session = await connected(world, ownerOf(world), transport);
    const { requests } = record(world);
    await call(session, "setLamp", { on: true });
    world.tamper = {};
    const changed = (requests[0] as Uint8Array).slice();
    changed[changed.length - 1] = (changed[changed.length - 1] as number) ^ 1;
    expect(faultOf(await transport.exchange("record", changed))).toBe("SESSION_REPLAY");
  });

  it("changes or cuts a request or a reply", async () => {
    const { world, transport } = open();
    const flip = (body: Uint8Array) => body.map((byte, i) => (i === body.length - 1 ? byte ^ 1 : byte));
    let session = await connected(world, ownerOf(world), transport);
    world.tamper = { request: (_, body) => flip(body) };
    expect(faultOf(await call(session, "setLamp", { on: true }))).toBe("SESSION_SEAL");
    world.tamper = {};
    session = await connected(world, ownerOf(world), transport);
    world.tamper = { request: (_, body) => body.subarray(0, body.length - 1) };
    expect(faultOf(await call(session, "setLamp", { on: true }))).toBe("SESSION_RECORD");
    expect(world.calls).toHaveLength(0);
    world.tamper = {};
    session = await connected(world, ownerOf(world), transport);
    world.tamper = { reply: (_, body) => flip(body) };
    expect(faultOf(await call(session, "setLamp", { on: true }))).toBe("SESSION_SEAL");
    world.tamper = {};
    session = await connected(world, ownerOf(world), transport);
    world.tamper = { reply: (_, body) => body.subarray(0, body.length - 1) };
    expect(faultOf(await call(session, "setLamp", { on: true }))).toBe("SESSION_RECORD");
  });

  it("reflects a request or an old reply to the caller", async () => {
    const { world, transport } = open();
    let session = await connected(world, ownerOf(world), transport);
    let sent = new Uint8Array(0);
    world.tamper = {
      request: (_, body) => {
        sent = body.slice();
        return body;
      },
      reply: () => sent,
    };
    expect(faultOf(await call(session, "setLamp", { on: true }))).toBe("SESSION_RECORD");
    world.tamper = {};
    session = await connected(world, ownerOf(world), transport);
    const { replies } = record(world);
    await call(session, "setLamp", { on: true });
    world.tamper = { reply: () => replies[0] };
    expect(faultOf(await call(session, "setLamp", { on: false }))).toBe("SESSION_ORDER");
  });

  it("reflects a reply to the unit", async () => {
    const { world, transport } = open();
    const session = await connected(world, ownerOf(world), transport);
    const { replies } = record(world);
    await call(session, "setLamp", { on: true });
    world.tamper = {};
    expect(faultOf(await transport.exchange("record", replies[0] as Uint8Array))).toBe("SESSION_RECORD");
  });

  it("has the next request run while the one before is at work", async () => {
    const { world, transport } = open();
    const caller = ownerOf(world);
    const { message3, secret } = (await handshake(caller, transport))();
    expect((await transport.exchange("edhoc", concat(secret.peerId, message3))).ok).toBe(true);
    const keys = recordKeys(primitives, secret);
    const sealed = (counter: number) =>
      sealRequest(
        primitives,
        keys,
        secret.peerId,
        counter,
        encodeRequest({ op: "call", name: "setLamp", args: NO_ARGS }),
      );
    world.held = [];
    await transport.exchange("record", sealed(1));
    expect(faultOf(await transport.exchange("record", sealed(2)))).toBe("SESSION_ORDER");
    for (const finish of world.held) finish();
    expect([faultOf(await transport.exchange("record", sealed(1))), world.calls.length]).toEqual(["accepted", 1]);
    world.held = undefined;
    expect([faultOf(await transport.exchange("record", sealed(2))), world.calls.length]).toEqual(["accepted", 2]);
  });

  it("makes a call run twice by losing its answer", async () => {
    const { world, transport } = open();
    const session = await connected(world, ownerOf(world), transport);
    let lost = 0;
    world.tamper = { reply: (_, body) => (lost++ < 2 ? undefined : body) };
    expect(await call(session, "setLamp", { on: true })).toEqual({ ok: true, value: true });
    expect(lost).toBe(3);
    expect(world.calls).toHaveLength(1);
    world.tamper = { reply: () => undefined };
    expect(faultOf(await call(session, "setLamp", { on: false }))).toBe("SESSION_UNREACHABLE");
    world.tamper = {};
    // The caller doesn't know whether it ran, so it goes on in a new session only.
    expect(faultOf(await call(session, "setLamp", { on: false }))).toBe("SESSION_UNREACHABLE");
    expect(world.calls).toHaveLength(2);
  });

  it("makes a handshake fail by losing an answer", async () => {
    const { world, transport } = open();
    const lost = new Set<string>();
    world.tamper = {
      reply: (path, body) => {
        const name = `${path} ${body.length > 0}`;
        if (lost.has(name)) return body;
        lost.add(name);
        return undefined;
      },
    };
    const session = await connected(world, ownerOf(world), transport);
    expect(lost).toEqual(new Set(["key true", "edhoc true", "edhoc false"]));
    world.tamper = {};
    expect((await call(session, "setLamp", { on: true })).ok).toBe(true);
  });
});

describe("a wrong device", () => {
  it("is found out by its key before a word is said", async () => {
    const world = createWorld();
    const other = createWorld({ unitSeed: seedOf(51) });
    expect(faultOf(await connect(world, ownerOf(world), other.lan()))).toBe("SESSION_DEVICE");
    expect(other.effects.some(({ kind }) => kind === "store")).toBe(false);
  });

  it("that shows the right key can't prove that it has it", async () => {
    const world = createWorld();
    const other = createWorld({ unitSeed: seedOf(51) });
    const [right, wrong] = [world.lan(), other.lan()];
    const liar = {
      ...wrong,
      exchange: (...[path, body]: Parameters<typeof wrong.exchange>) =>
        (path === "key" ? right : wrong).exchange(path, body),
    };
    expect(faultOf(await connect(world, ownerOf(world), liar))).toBe("EDHOC_SIGNATURE");
  });

  it("doesn't take another's records, nor another's grant", async () => {
    const world = createWorld();
    const other = createWorld({ unitSeed: seedOf(51) });
    await connected(other, ownerOf(other));
    const session = await connected(world, ownerOf(world));
    const { requests } = record(world);
    await call(session, "setLamp", { on: true });
    expect(["SESSION_UNKNOWN", "SESSION_SEAL"]).toContain(
      faultOf(await other.lan().exchange("record", requests[0] as Uint8Array)),
    );
    expect(faultOf(await connect(other, { ...ownerOf(world) }, other.lan(), other.id))).toBe("GRANT_AUDIENCE");
  });
});

describe("while the app is at work", () => {
  it("the same request waits for the same answer, and none overtakes it", async () => {
    const world = createWorld();
    const transport = world.relay();
    const session = await connected(world, ownerOf(world), transport);
    world.held = [];
    const { requests } = record(world);
    const answer = call(session, "setLamp", { on: true });
    // The relay of this world answers at once or never, so the caller asks three times.
    await expect.poll(() => requests.length).toBe(3);
    expect(world.calls).toHaveLength(1);
    expect(faultOf(await answer)).toBe("SESSION_UNREACHABLE");
    for (const each of world.held.splice(0)) each();
    const again = await transport.exchange("record", requests[0] as Uint8Array);
    expect(again.ok).toBe(true);
    expect(world.calls).toHaveLength(1);
  });

  it("a session that ends takes no answer with it into another", async () => {
    const world = createWorld();
    const session = await connected(world, childOf(ownerOf(world), seedOf(9)));
    world.held = [];
    await call(session, "setLamp", { on: true });
    world.show({ kind: "button", heldMs: 10_000 });
    const writes = world.effects.filter(({ kind }) => kind === "tcp-write").length;
    for (const each of world.held.splice(0)) each();
    expect(world.effects.filter(({ kind }) => kind === "tcp-write")).toHaveLength(writes);
  });

  it("an app that throws is a refusal to its caller alone", async () => {
    const world = createWorld();
    const session = await connected(world, ownerOf(world));
    expect(faultOf(await call(session, "fail"))).toBe("APP_THREW");
    expect(faultOf(await call(session, "nothing"))).toBe("APP_NO_SUCH_NAME");
    expect((await call(session, "setLamp", { on: true })).ok).toBe(true);
  });
});

describe("message 3", () => {
  it("that somebody makes up doesn't end a handshake", async () => {
    const world = createWorld();
    world.tamper = {
      request: (path, body) => {
        if (path === "edhoc" && body[0] !== MESSAGE_1_MARK) {
          world.tamper = {};
          const forged = Uint8Array.of(body[0] as number, 0x54, ...new Uint8Array(20));
          void world.lan("10.0.0.66").exchange("edhoc", forged);
        }
        return body;
      },
    };
    expect((await connect(world, ownerOf(world))).ok).toBe(true);
  });

  it("without a chain, or with something critical besides, is refused", async () => {
    const world = createWorld();
    expect(faultOf(await connect(world, { seed: seedOf(9), chain: Uint8Array.of(0xa0) }))).toBe("CHAIN_SHAPE");
  });
});
