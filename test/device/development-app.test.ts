/** The app of a development kit in flash: parts, power cuts at every flash operation, damage, and what is loaded of it. */
import { expect, test } from "vitest";
import { partsOf } from "#cli/dev/kit-load.ts";
import { developmentApp, openAppStore } from "#device/development-app.ts";
import type { Flash, Port, ResetReason } from "#device/port.ts";
import { nodePrimitives as crypto } from "#trust/host/node-primitives.ts";
import { appImage } from "#wire/lines/development-app.ts";

const REGION = { start: 8_192, bytes: 32_768 };
const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

class Cut extends Error {}

/** NOR flash; its power goes at the operation with this number, which is half done then. */
function norFlash(bytes = new Uint8Array(65_536).fill(0xff)) {
  let [operations, cutAt] = [0, Number.POSITIVE_INFINITY];
  const operate = (whole: number, act: (length: number) => void) => {
    const isCut = operations++ === cutAt;
    act(isCut ? whole >> 1 : whole);
    if (isCut) throw new Cut();
    return true;
  };
  const flash: Flash = {
    ...{ sectorBytes: 4_096, writeBytes: 1, byteLength: bytes.length },
    read: (at, length) => bytes.slice(at, at + length),
    write: (at, data) =>
      operate(data.length, (length) => {
        for (let i = 0; i < length; i++) bytes[at + i] = (bytes[at + i] as number) & (data[i] as number);
      }),
    eraseSector: (at) => operate(4_096, (length) => void bytes.fill(0xff, at, at + length)),
  };
  const cut = (after: number) => {
    [operations, cutAt] = [0, after];
  };
  return { flash, bytes, cut, operations: () => operations };
}

function bring(flash: Flash, there: string, next: string): string | undefined {
  const store = openAppStore(flash, crypto, REGION);
  for (const part of partsOf(encode(there), encode(next))) {
    const why = store.put(part);
    if (why !== undefined) return why;
  }
  return undefined;
}

const held = (flash: Flash) => decode(openAppStore(flash, crypto, REGION).read());
const long = (word: string) => Array.from({ length: 600 }, (_, i) => `line ${i} of ${word};`).join("\n");

test("a script comes in parts, and a change brings only what differs", () => {
  const { flash } = norFlash();
  expect(held(flash)).toBe("");
  expect(bring(flash, "", long("one"))).toBeUndefined();
  expect(held(flash)).toBe(long("one"));
  const changed = long("one").replace("line 450 of one", "line 450 is another");
  const parts = partsOf(encode(long("one")), encode(changed));
  expect(parts.length).toBe(1);
  expect(parts[0]?.bytes.length).toBeLessThan(20);
  expect(bring(flash, long("one"), changed)).toBeUndefined();
  expect(held(flash)).toBe(changed);
  expect(bring(flash, changed, "short")).toBeUndefined();
  expect(held(flash)).toBe("short");
});

test("power cut at every operation of a change leaves the script before or the new one, and the change can be made again", () => {
  const whole = norFlash();
  bring(whole.flash, "", long("one"));
  whole.cut(Number.POSITIVE_INFINITY);
  bring(whole.flash, long("one"), long("two"));
  const all = whole.operations();
  expect(all).toBeGreaterThan(10);
  const seen = new Set<string>();
  for (let at = 0; at < all; at++) {
    const { flash, cut } = norFlash();
    bring(flash, "", long("one"));
    cut(at);
    expect(() => bring(flash, long("one"), long("two"))).toThrow(Cut);
    cut(Number.POSITIVE_INFINITY);
    seen.add(held(flash));
    expect([long("one"), long("two")]).toContain(held(flash));
    expect(bring(flash, held(flash), long("three"))).toBeUndefined();
    expect(held(flash)).toBe(long("three"));
  }
  expect(seen).toContain(long("one"));
});

test("what is not what was meant is refused, and the script before stays", () => {
  const { flash, bytes } = norFlash();
  bring(flash, "", long("one"));
  expect(bring(flash, long("two"), long("two").replace("line 3 ", "line three "))).toBe(
    "it is another one than was meant",
  );
  expect(held(flash)).toBe(long("one"));
  expect(bring(flash, "", "x".repeat(20_000))).toMatch(/more than 16384 bytes/);
  expect(held(flash)).toBe(long("one"));
  bytes[REGION.start + 5_000] = 0;
  expect(held(flash)).toBe("");
});

function loaded(script: string, resetReason: ResetReason = "requested") {
  const { flash, bytes } = norFlash();
  if (script !== "") bytes.set(appImage(crypto.sha256, encode(script)), REGION.start);
  const port = { flash, crypto, system: { resetReason } } as unknown as Port;
  return developmentApp(port, REGION, { lamp: { on: true } });
}
const startOf =
  ({ app }: ReturnType<typeof loaded>) =>
  () =>
    app.start?.(undefined as never);

test("an app is what its script returns, with the bundle's modules in reach and its description behind", () => {
  const kit = loaded('return { variables: { lamp: latchkeyModules.lamp.on } };\f{"v":1,\f"names":[]}');
  expect(kit.app).toEqual({ variables: { lamp: true } });
  expect([0, 1, 2].map((part) => kit.described(part))).toEqual([[2, '{"v":1,'], [2, '"names":[]}'], undefined]);
});

test("what does not load is an app whose start says why", () => {
  expect(startOf(loaded(""))).toThrow("this kit has no app yet; save a file of it");
  expect(startOf(loaded("throw new Error('no lamp')"))).toThrow("no lamp");
  expect(startOf(loaded("return }"))).toThrow(SyntaxError);
  expect(startOf(loaded("for (;;);", "watchdog"))).toThrow("the run before ended (watchdog)");
});
