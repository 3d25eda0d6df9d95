import { expect, test } from "vitest";
import { toHex } from "#base/bytes.ts";
import { FAULTS } from "#base/faults.ts";
import { fromUtf8, utf8 } from "#base/utf8.ts";
import type { DeviceEvent } from "#device/machine.ts";
import { createProvision } from "#device/provision.ts";
import { openStore, performStore } from "#device/store/store.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { encodeDevelopmentLine } from "#wire/lines/development-line.ts";
import {
  decodeFactoryLine,
  encodeFactoryLine,
  type FactoryAnswer,
  type FactoryRequest,
} from "#wire/lines/factory-line.ts";
import { settingsOver } from "./start-of.ts";

/** A unit's provision machine with a memory, spoken to by lines. */
function unit(memory = new Map<string, Uint8Array>(), isDevelopment = false) {
  const store = openStore(settingsOver(memory));
  let storesLeft = Number.POSITIVE_INFINITY;
  const machine = createProvision(nodePrimitives, isDevelopment);
  let state = machine.step(machine.initial, {
    kind: "start",
    facts: store.facts,
    stored: store.settings,
    nowMs: 0,
  }).state;
  let restarts = 0;
  const feed = (bytes: Uint8Array): FactoryAnswer[] => {
    return show({ kind: "console-data", bytes, nowMs: 1 });
  };
  function show(event: DeviceEvent): FactoryAnswer[] {
    const step = machine.step(state, event);
    state = step.state;
    const answers: FactoryAnswer[] = [];
    for (const effect of step.effects) {
      if (effect.kind === "store" || effect.kind === "forget") {
        if (storesLeft-- <= 0) return [...answers, ...show({ kind: "store-failed", name: effect.name, nowMs: 1 })];
        performStore(store, "provision", effect);
      }
      if (effect.kind === "restart") restarts++;
      if (effect.kind !== "console-write") continue;
      const message = decodeFactoryLine((fromUtf8(effect.bytes) as string).trimEnd());
      if (message?.ok) answers.push(message.value as FactoryAnswer);
    }
    return answers;
  }
  return {
    memory,
    feed,
    ask: (request: FactoryRequest) => feed(utf8(encodeFactoryLine(request))),
    restarts: () => restarts,
    /** The flash takes so many more values. */
    wearOutAfter: (stores: number) => {
      storesLeft = stores;
    },
  };
}

const GIVEN = new Map([
  ["product", utf8("lamp")],
  ["air-key", new Uint8Array(32).fill(3)],
]);

test("requests that waited for the unit's start, and come at once, make one key", () => {
  const bare = unit();
  const line = encodeFactoryLine({ kind: "identify" });
  const keys = bare
    .feed(utf8(line + line + line))
    .map((answer) => answer.kind === "identity" && toHex(answer.publicKey));
  const [later] = bare.ask({ kind: "identify" });
  expect(keys).toHaveLength(3);
  expect(new Set([...keys, later?.kind === "identity" && toHex(later.publicKey)]).size).toBe(1);
});

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

test("a value that the flash does not take is told to the station, and the unit stays a bare one", () => {
  for (let stores = 0; stores <= GIVEN.size; stores++) {
    const bare = unit();
    bare.ask({ kind: "identify" });
    bare.wearOutAfter(stores);
    expect(bare.ask({ kind: "provision", values: GIVEN }), `after ${stores}`).toEqual([
      { kind: "done", fault: FAULTS.STORE_FAILED },
    ]);
    expect(bare.memory.has("provisioned")).toBe(false);
    expect(bare.restarts()).toBe(0);
    // It is provisioned once the flash takes it.
    bare.wearOutAfter(Number.POSITIVE_INFINITY);
    expect(bare.ask({ kind: "provision", values: GIVEN })).toEqual([{ kind: "done", fault: 0 }]);
  }
});

test("a key that the flash does not take is no identity", () => {
  const bare = unit();
  bare.wearOutAfter(0);
  expect(bare.ask({ kind: "identify" })).toEqual([{ kind: "done", fault: FAULTS.STORE_FAILED }]);
});

test("a station gives what is the factory's in its form, and nothing of the unit's own", () => {
  const bare = unit();
  const wrong = [
    ["claimed", new Uint8Array(0)],
    ["air-key", new Uint8Array(31)],
    ["country", utf8("de")],
    ["country", utf8("DEU")],
  ] as const;
  for (const values of wrong.map((each) => new Map([each]))) {
    expect(bare.ask({ kind: "provision", values })).toEqual([{ kind: "done", fault: FAULTS.FACTORY_LINE }]);
  }
  expect(bare.memory.size).toBe(0);
});

test("a unit that lost its key after it was provisioned makes no second one", () => {
  const bare = unit();
  bare.ask({ kind: "identify" });
  bare.ask({ kind: "provision", values: GIVEN });
  bare.memory.set("key", new Uint8Array(3));
  const again = unit(bare.memory);
  expect(again.ask({ kind: "identify" })).toEqual([{ kind: "done", fault: FAULTS.STORE_UNREADABLE }]);
});

test("a production unit refuses what development tools ask for; a development unit leaves it to another machine", () => {
  const request = utf8(encodeDevelopmentLine({ id: 1, evaluate: "1 + 1" }));
  expect(unit().feed(request)).toEqual([{ kind: "done", fault: FAULTS.DEVELOPMENT_ONLY }]);
  expect(unit(undefined, true).feed(request)).toEqual([]);
});
