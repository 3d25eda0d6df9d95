/** The one place that performs effects: which native calls each becomes, in which order, and when machines are woken. */

import { describe, expect, it } from "vitest";
import { utf8 } from "#base/utf8.ts";
import { encodeCbor } from "#codec/cbor.ts";
import type { AppIo } from "#device/app-interface.ts";
import type { DeviceEvent, Effect } from "#device/machine.ts";
import { forget, remember } from "#device/store/store.ts";
import { BUTTON, bench, callsOf, log, onButton, type Script, says } from "./runner-bench.ts";

/** Every effect with the calls that it becomes. The type wants a line for each kind. */
const CALLS: Readonly<Record<Effect["kind"], readonly [Effect, readonly unknown[][]]>> = {
  emit: [{ kind: "emit", event: { kind: "reset" } }, []],
  store: [remember("claimed", true), [["put", "claimed"]]],
  forget: [forget("claimed"), [["remove", "claimed"]]],
  "flash-erase": [{ kind: "flash-erase", address: 4096 }, [["eraseSector", 4096]]],
  "flash-write": [{ kind: "flash-write", address: 8, bytes: Uint8Array.of(1, 2) }, [["write", 8, [1, 2]]]],
  append: [
    {
      kind: "append",
      ops: [
        { kind: "flash-erase", address: 0 },
        { kind: "flash-write", address: 0, bytes: utf8("") },
      ],
    },
    [
      ["eraseSector", 0],
      ["write", 0, []],
    ],
  ],
  "radio-country": [{ kind: "radio-country", country: utf8("DE") }, [["country", "DE"]]],
  "radio-scan": [{ kind: "radio-scan" }, [["scan"]]],
  "radio-listen": [{ kind: "radio-listen", channel: 6 }, [["listen", 6]]],
  "radio-join": [{ kind: "radio-join", ssid: utf8("home"), passphrase: utf8("pass") }, [["join", "home", "pass"]]],
  "radio-leave": [{ kind: "radio-leave" }, [["leave"]]],
  "radio-access-point": [{ kind: "radio-access-point", ssid: utf8("Setup") }, [["accessPoint", "Setup"]]],
  "tcp-listen": [{ kind: "tcp-listen", port: 80 }, [["tcpListen", 80]]],
  "tcp-connect": [{ kind: "tcp-connect", tag: "link", host: "h", port: 1 }, [["connect", "h", 1, undefined]]],
  "tcp-write": [{ kind: "tcp-write", connection: 2, bytes: new Uint8Array(9) }, [["tcpWrite", 2, 9]]],
  "tcp-close": [{ kind: "tcp-close", connection: 2 }, [["close", 2]]],
  "udp-listen": [{ kind: "udp-listen", port: 5353, group: "g" }, [["udpListen", 5353, "g"]]],
  "udp-send": [
    { kind: "udp-send", host: "h", port: 9, bytes: new Uint8Array(4), from: 7 },
    [["udpSend", "h", 9, 4, 7]],
  ],
  call: [{ kind: "call", id: 1, name: "f", args: encodeCbor(new Map()) }, []],
  "console-write": [{ kind: "console-write", bytes: utf8("~00\n") }, [["console", "~00\n"]]],
  log: [log("words"), [says("words")]],
  restart: [{ kind: "restart", reason: "update" }, [["restart", "update"]]],
};

describe("effects", () => {
  it.each(Object.entries(CALLS))("%s becomes its native calls and no other", (kind, [effect, calls]) => {
    expect(effect.kind).toBe(kind);
    expect(callsOf([effect])).toEqual(calls);
  });

  it("of all kinds are performed in the order in which the machine gave them", () => {
    const all = Object.values(CALLS);
    expect(callsOf(all.map(([effect]) => effect))).toEqual(all.flatMap(([, calls]) => calls));
  });

  it("a TLS client's wish goes to the port as it is", () => {
    const secure = { serverName: "cloud", certificate: utf8("der"), earliestS: 1, latestS: 2 };
    const effect: Effect = { kind: "tcp-connect", tag: "link", host: "h", port: 1, secure };
    expect(callsOf([effect])).toEqual([["connect", "h", 1, secure]]);
  });

  it.each([3, -1])(
    "a connection asked for is answered with its number %i and the tag, before later events",
    (connection) => {
      const b = bench({
        connection,
        machines: { link: onButton({ kind: "tcp-connect", tag: "link", host: "h", port: 1 }, log("after")) },
      });
      b.emit(BUTTON);
      expect(b.events.find(({ kind }) => kind === "tcp-opening")).toMatchObject({ tag: "link", connection });
      expect(b.seen.map(([, kind]) => kind)).toEqual(["button", "tcp-opening"]);
    },
  );
});

describe("order", () => {
  it("every machine sees an event, in the order of the list, before the next event; what is emitted comes after it", () => {
    const b = bench({
      machines: {
        first: onButton({ kind: "emit", event: { kind: "reset" } }),
        second: onButton({ kind: "emit", event: { kind: "offline" } }),
      },
    });
    b.emit(BUTTON);
    expect(b.seen).toEqual(
      ["button", "reset", "offline"].flatMap((kind) => [["first", kind] as const, ["second", kind] as const]),
    );
  });

  it("one machine's effects are performed before the next machine sees the event", () => {
    const b = bench({
      machines: {
        first: onButton(log("first")),
        second: (event) => (event.kind === "button" ? { effects: [log(String(b.calls.length))] } : undefined),
      },
    });
    b.emit(BUTTON);
    expect(b.calls.slice(0, 2)).toEqual([says("first"), says("1")]);
  });

  it("what the app does inside a call waits until the step is over", () => {
    const b = bench({
      machines: {
        gate: onButton({ kind: "call", id: 7, name: "f", args: encodeCbor(new Map()) }, log("behind the call")),
        other: () => undefined,
      },
      app: {
        functions: {
          f: {
            args: {},
            run(_args: unknown, io: AppIo) {
              io.raise("pressed", 1);
              io.pin("lamp").write(true);
              return "done";
            },
          },
        },
      },
    });
    b.emit(BUTTON);
    expect(b.calls.slice(0, 2)).toEqual([["pin", "lamp", 1], says("behind the call")]);
    expect(b.seen.filter(([name]) => name === "other").map(([, kind]) => kind)).toEqual(["button", "raised", "called"]);
    expect(b.events.find(({ kind }) => kind === "called")).toMatchObject({ id: 7, result: encodeCbor("done") });
  });

  it("the update goes on with the board's next event, not at once, and the board is asked for one", () => {
    const b = bench({ machines: { ota: onButton({ kind: "emit", event: { kind: "ota-continue" } }) } });
    b.emit(BUTTON);
    expect(b.seen).toEqual([["ota", "button"]]);
    expect(b.calls).toContainEqual(["wakeAt", 0]);
    b.emit({ kind: "radio-left" });
    expect(b.seen.map(([, kind]) => kind)).toEqual(["button", "radio-left", "ota-continue"]);
    b.emit({ kind: "radio-left" });
    expect(b.seen.at(-1)).toEqual(["ota", "radio-left"]);
  });

  it("the run begins with start, with what is stored, then the app's verdict", () => {
    const values: DeviceEvent[] = [];
    const b = bench({ machines: { gate: (event) => void values.push(event) }, app: { selfTest: () => false } });
    expect(values.map(({ kind }) => kind)).toEqual(["start", "app-started"]);
    expect(values).toMatchObject([{ facts: { unreadable: new Set() } }, { passed: false }]);
    expect(b.calls.filter(([name]) => name === "feed")).toHaveLength(2);
  });

  it("the button reaches the machines, then the app, whose event comes behind it", () => {
    const b = bench({
      machines: { gate: () => undefined },
      app: { pressed: (heldMs: number, io: AppIo) => io.raise("pressed", heldMs) },
    });
    b.emit({ kind: "button", heldMs: 250 });
    expect(b.seen.map(([, kind]) => kind)).toEqual(["button", "raised"]);
    expect(b.events.at(-1)).toMatchObject({ name: "pressed", value: encodeCbor(250) });
  });

  it("what the app throws at a press is reported, and the run goes on", () => {
    const pressed = () => {
      throw new Error("no lamp");
    };
    const b = bench({ machines: { gate: () => undefined }, app: { pressed } });
    b.emit(BUTTON);
    expect(b.events.at(-1)).toMatchObject({
      kind: "app-failed",
      name: "pressed",
      message: "Error: no lamp",
      isFatal: false,
    });
  });
});

describe("timers", () => {
  it("wake the machines that are due, and no other", () => {
    const wakes =
      (atMs: number): Script =>
      (event) =>
        event.kind === "timer" ? undefined : { wakeAtMs: atMs };
    const b = bench({ machines: { soon: wakes(100), late: wakes(900), never: () => undefined } });
    b.emit(BUTTON);
    expect(b.calls).toContainEqual(["wakeAt", 100]);
    b.seen.length = 0;
    b.nowMs = 100;
    b.emit({ kind: "timer" });
    expect(b.seen).toEqual([["soon", "timer"]]);
    // Having asked for nothing more, it sleeps; the other one's time is the next.
    expect(b.calls.at(-2)).toEqual(["wakeAt", 900]);
    b.seen.length = 0;
    b.emit({ kind: "timer" });
    expect(b.seen).toEqual([]);
    b.nowMs = 900;
    b.emit({ kind: "timer" });
    expect(b.seen).toEqual([["late", "timer"]]);
    expect(b.calls.at(-2)).toEqual(["wakeAt", Number.POSITIVE_INFINITY]);
  });

  it("a later step's wish replaces the one before, also with none", () => {
    let wakeAtMs: number | undefined = 100;
    const b = bench({ machines: { only: () => (wakeAtMs === undefined ? undefined : { wakeAtMs }) } });
    wakeAtMs = undefined;
    b.emit(BUTTON);
    b.seen.length = 0;
    b.nowMs = 200;
    b.emit({ kind: "timer" });
    expect(b.seen).toEqual([]);
  });

  it("every event of the board ends by setting the timer and feeding the watchdog", () => {
    const b = bench({ machines: { only: () => undefined } });
    b.emit(BUTTON);
    expect(b.calls.slice(-2).map(([name]) => name)).toEqual(["wakeAt", "feed"]);
  });
});

describe("a full send buffer", () => {
  it("keeps the order of pieces and of the close behind them", () => {
    let isFull = true;
    const b = bench({
      accepts: () => !isFull,
      machines: {
        gate: onButton(
          { kind: "tcp-write", connection: 4, bytes: new Uint8Array(3000) },
          { kind: "tcp-write", connection: 4, bytes: new Uint8Array(5) },
          { kind: "tcp-close", connection: 4 },
        ),
      },
    });
    b.emit(BUTTON);
    expect(b.calls.filter(([name]) => name === "tcpWrite" || name === "close")).toEqual([]);
    isFull = false;
    b.emit({ kind: "tcp-drained", connection: 4 });
    const sent = b.calls.filter(([name]) => name === "tcpWrite" || name === "close");
    expect(sent).toEqual([
      ["tcpWrite", 4, 2920],
      ["tcpWrite", 4, 85],
      ["close", 4],
    ]);
  });

  it("is forgotten with its connection", () => {
    let isFull = true;
    const b = bench({
      accepts: () => !isFull,
      machines: { gate: onButton({ kind: "tcp-write", connection: 4, bytes: utf8("lost") }) },
    });
    b.emit(BUTTON);
    b.emit({ kind: "tcp-closed", connection: 4 });
    // The number may be another connection's by now.
    isFull = false;
    b.emit({ kind: "tcp-drained", connection: 4 });
    expect(b.calls.filter(([name]) => name === "tcpWrite")).toEqual([]);
  });
});
