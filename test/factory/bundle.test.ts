/** A bundle holds what its product switched on, and nothing of what it did not. */
import { expect, test } from "vitest";
import { BundleError, buildBundle } from "#factory/bundle.ts";
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
  const every = await paths({
    legacy: ["esptouch-v1", "esptouch-v2", "airkiss", "ti-smartconfig", "tuya-ez"],
    softAp: true,
  });
  expect(held(every)).toEqual([true, true, true, true, true, true]);
}, 60_000);

test("an app that isn't there is named", async () => {
  const bundle = buildBundle({ ...config, app: "src/app/toaster.ts" }, BUILD);
  await expect(bundle).rejects.toThrow(BundleError);
  await expect(bundle).rejects.toThrow(/entry\.ts:2: .*toaster/);
});
