/** A bundle holds what its product switched on, and nothing of what it did not. */

import { createContext, runInContext } from "node:vm";
import { expect, test } from "vitest";
import { FAULTS, withFaultNames } from "#base/faults.ts";
import { readBoard } from "#boards/sim/host/board.ts";
import { BundleError, buildBundle, buildScript } from "#factory/bundle/bundle.ts";
import { readFlashConfig } from "#factory/config.ts";

const config = readFlashConfig("flash.config.json");
const BUILD = { release: "1", atS: 0 };

test("older protocols and the portal are in a bundle when they are switched on", async () => {
  const paths = async (onboarding: typeof config.onboarding) => [
    ...(await buildBundle({ ...config, onboarding }, BUILD)).shares.keys(),
  ];
  const files = [
    /airkiss-decoder/,
    /esptouch-v1-decoder/,
    /esptouch-v2-decoder/,
    /ti-smartconfig-decoder/,
    /tuya-ez/,
    /portal-page/,
  ];
  const held = (all: readonly string[]) => files.map((file) => all.some((path) => file.test(path)));
  const none = await paths({ legacy: [], softAp: false });
  expect(held(none)).toEqual([false, false, false, false, false, false]);
  expect(none.some((path) => path.endsWith("air-decoder.ts"))).toBe(true);
  expect(held(await paths({ legacy: ["airkiss"], softAp: true }))).toEqual([true, false, false, false, false, true]);
  const legacy = [
    "esptouch-v1",
    "esptouch-v2",
    "airkiss",
    "ti-smartconfig",
    "tuya-ez",
  ] as typeof config.onboarding.legacy;
  const every = await buildBundle({ ...config, onboarding: { legacy, softAp: true } }, BUILD);
  expect(held([...every.shares.keys()])).toEqual([true, true, true, true, true, true]);
  // An app of 50 KB has room beside all of them.
  expect(every.bytes.length + 51_200).toBeLessThanOrEqual(readBoard("sim").budgets.bundleBytes);
});

test("an app that isn't there is named", async () => {
  const bundle = buildBundle({ ...config, app: "src/app/toaster.ts" }, BUILD);
  await expect(bundle).rejects.toThrow(BundleError);
  await expect(bundle).rejects.toThrow(/entry\.ts:2:\d+: .*toaster/);
});

test("a unit knows faults by their numbers, and its console can be read all the same", async () => {
  const { bytes } = await buildBundle({ ...config, onboarding: { legacy: [], softAp: true } }, BUILD);
  const words = new Set(new TextDecoder().decode(bytes).match(/\w+/g));
  expect(Object.keys(FAULTS).filter((fault) => words.has(fault))).toEqual([]);
  const script = await buildScript(`import { faultText } from "#base/faults.ts";
import { decodeCbor } from "#codec/cbor.ts";
const { fault } = decodeCbor(Uint8Array.of(0x18, 1));
globalThis.said = ["offer refused: " + faultText(fault), "CBOR_NOT_SHORTEST"];`);
  const context = createContext({ Uint8Array });
  runInContext(new TextDecoder().decode(script.bytes), context);
  // The app's own texts are the app's.
  expect(runInContext("said.join()", context)).toBe("offer refused: fault 102,CBOR_NOT_SHORTEST");
  expect(withFaultNames("link: fault 604 in connack, again in 5 ms")).toBe(
    "link: LINK_REFUSED in connack, again in 5 ms",
  );
  expect(withFaultNames("fault 999")).toBe("fault 999");
});

test("a text of any alphabet reaches the unit, and the character that separates statements", async () => {
  const script = await buildScript('const name = "Zoë"; globalThis.said = "Grüße, " + name + " ☃ 🦊 \\v\\f";');
  const context = createContext({});
  runInContext(new TextDecoder().decode(script.bytes), context);
  expect(runInContext("said", context)).toBe("Grüße, Zoë ☃ 🦊 \v\f");
});

test("a form feed that no minifier escapes is refused with its file", async () => {
  const bundle = buildScript("globalThis.said = /a\fb/;");
  await expect(bundle).rejects.toThrow(BundleError);
  await expect(bundle).rejects.toThrow(/^entry\.ts: a literal holds a form feed \(U\+000C\).* Write \\f$/);
});
