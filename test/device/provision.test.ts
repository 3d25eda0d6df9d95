import { expect, test } from "vitest";
import { toHex } from "#base/bytes.ts";
import { FAULTS } from "#base/faults.ts";
import { fromUtf8, utf8 } from "#base/utf8.ts";
import type { Effect } from "#device/machine.ts";
import { createProvision } from "#device/provision.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import {
  decodeFactoryLine,
  encodeFactoryLine,
  type FactoryAnswer,
  type FactoryRequest,
} from "#wire/lines/factory-line.ts";

/** A unit's provision machine with a memory, spoken to by lines. */
function unit() {
  const memory = new Map<string, Uint8Array>();
  const stored = { get: (name: string) => memory.get(name), names: () => [...memory.keys()] };
  const machine = createProvision(nodePrimitives);
  let state = machine.step(machine.initial, { kind: "start", stored, nowMs: 0 }).state;
  let restarts = 0;
  const feed = (bytes: Uint8Array): FactoryAnswer[] => {
    const step = machine.step(state, { kind: "console-data", bytes, nowMs: 1 });
    state = step.state;
    return step.effects.flatMap((effect: Effect) => {
      if (effect.kind === "store") memory.set(effect.name, effect.value);
      if (effect.kind === "restart") restarts++;
      if (effect.kind !== "console-write") return [];
      const message = decodeFactoryLine((fromUtf8(effect.bytes) as string).trimEnd());
      return message?.ok ? [message.value as FactoryAnswer] : [];
    });
  };
  return {
    memory,
    feed,
    ask: (request: FactoryRequest) => feed(utf8(encodeFactoryLine(request))),
    restarts: () => restarts,
  };
}

const GIVEN = new Map([
  ["product", utf8("lamp")],
  ["air-key", new Uint8Array(32).fill(3)],
]);

test("a bare unit makes its own key, keeps it, and never tells it", () => {
  const bare = unit();
  const [first] = bare.ask({ kind: "identify" });
  const [second] = bare.ask({ kind: "identify" });
  const seed = bare.memory.get("key") as Uint8Array;
  expect(first).toEqual({ kind: "identity", publicKey: nodePrimitives.ed25519PublicKey(seed) });
  expect(second).toEqual(first);
  expect(JSON.stringify(first)).not.toContain(toHex(seed));
});

test("it is provisioned once, starts again, and answers digests of what the station gave alone", () => {
  const bare = unit();
  bare.ask({ kind: "identify" });
  expect(bare.ask({ kind: "provision", values: GIVEN })).toEqual([{ kind: "done", fault: 0 }]);
  expect(bare.restarts()).toBe(1);
  bare.memory.set("wifi", utf8("home secret"));
  const [state] = bare.ask({ kind: "check" });
  const digests = state?.kind === "state" ? state.digests : new Map();
  expect([...digests.keys()].sort()).toEqual(["air-key", "product"]);
  expect(digests.get("product")).toEqual(nodePrimitives.sha512(utf8("lamp")).slice(0, 16));
  const again = bare.ask({ kind: "provision", values: new Map([["product", utf8("other")]]) });
  expect(again).toEqual([{ kind: "done", fault: FAULTS.FACTORY_PROVISIONED }]);
  expect(bare.memory.get("product")).toEqual(utf8("lamp"));
});

test("a station can't put a key of its own making in place of the unit's", () => {
  const bare = unit();
  expect(bare.ask({ kind: "provision", values: new Map([["key", new Uint8Array(32)]]) })).toEqual([
    { kind: "done", fault: FAULTS.FACTORY_LINE },
  ]);
  expect(bare.memory.size).toBe(0);
});

test("lines may come in pieces, between log and noise; what is no message gets its fault", () => {
  const bare = unit();
  const line = utf8(`boot ok\n${encodeFactoryLine({ kind: "identify" })}`);
  expect(bare.feed(line.slice(0, 9))).toEqual([]);
  expect(bare.feed(line.slice(9))).toHaveLength(1);
  expect(bare.feed(utf8("~zz\n~8101ff\n"))).toEqual([
    { kind: "done", fault: FAULTS.FACTORY_LINE },
    { kind: "done", fault: FAULTS.FACTORY_LINE },
  ]);
  bare.feed(new Uint8Array(20_000).fill(65));
  expect(bare.feed(utf8(`\n${encodeFactoryLine({ kind: "identify" })}`))).toHaveLength(1);
});
