/**
 * A release brought by hand, in a home without a cloud: the line's unit, an air and the phone's command line, each a
 * process of its own. That the cloud serves the same bytes over the same paths: test/cloud/cloud-process.test.ts.
 */

import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { toHex } from "#base/bytes.ts";
import type { Child } from "#boards/sim/host/child.ts";
import { loopbackSubnet } from "#cli/loopback-subnet.ts";
import { latchkey, latchkeyOk } from "#cli/story/world.ts";
import { ensureKeyFile } from "#trust/host/key-file.ts";
import { writeReleaseFile } from "#trust/host/release-file.ts";
import { expectToLast, type HomeUnit, homeUnit, startHomeAir } from "./home-unit.ts";

const SUBNET = await loopbackSubnet();
let home: HomeUnit | undefined;
let air: Child;
let radio: string;

beforeAll(async () => {
  ({ air, radio } = await startHomeAir(SUBNET));
});

afterAll(async () => {
  await home?.station.power(false);
  await air.stop();
});

test("an owner with a noFlash card can't, a technician whom the maker sent can; the owner has the last word", async () => {
  home = await homeUnit(SUBNET, radio, "noFlash");
  const refused = await latchkey("phone", "deliver", home.path, ...home.asOwner);
  expect(refused.code).toBe(1);
  expect(refused.errors).toMatch(/the unit takes no release from you \(GRANT_FLASH\)/);
  expect(home.starts).toHaveLength(1);

  const { config, unit, about, path, file } = home;
  const [key, chain] = [join(config.output, "technician.key"), join(config.output, "technician.grant")];
  const holder = toHex(ensureKeyFile(key, "holder").publicKey);
  const what = ["--for", toHex(unit.id), "--holder", holder, "--allow", "*=flash"];
  await latchkeyOk("grant", "issue", "--issuer", join(config.keys, "issuer.key"), ...what, "--out", chain, "--json");
  const asTechnician = [...about, "--key", key, "--chain", chain];
  // What the unit refuses is never said to be delivered: signed by a stranger, and, further down, no newer than what runs.
  const forged = join(config.output, "forged.release");
  const { signed: _, ...unsigned } = file;
  writeReleaseFile(forged, { ...unsigned, signed: undefined });
  await latchkeyOk("keys", "new", "release", join(config.output, "stranger.key"));
  await latchkeyOk("release", "sign", forged, "--key", join(config.output, "stranger.key"));
  const stranger = await latchkey("phone", "deliver", forged, ...asTechnician);
  expect([stranger.code, stranger.errors]).toEqual([1, expect.stringMatching(/the unit refused .*RELEASE_SIGNATURE/)]);
  expect(home.starts).toHaveLength(1);
  const brought = await latchkeyOk("phone", "deliver", path, ...asTechnician);
  expect(brought).toMatchObject({ sequence: file.release.sequence, stage: "trial" });
  expect(brought.servedBytes).toBeGreaterThan(file.streams[0]?.length ?? Number.POSITIVE_INFINITY);
  // The deliverer's session proves nothing: whoever may install might also have cut the owner off.
  expect(home.starts.at(-1)).toMatchObject({ trial: true });
  await expectToLast(home);
  const again = await latchkey("phone", "deliver", path, ...asTechnician);
  expect([again.code, again.errors]).toEqual([1, expect.stringMatching(/the unit refused release \d+ \(RELEASE_/)]);
});
