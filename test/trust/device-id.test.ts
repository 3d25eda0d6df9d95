import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { toHex } from "#base/bytes.ts";
import { deviceIdOf, isKeyOf } from "#trust/device-id.ts";
import { guest, primitives, unitId, unitKey } from "./grants/household.ts";

test("an ID is the beginning of its key's hash, so a key shows whose it is", () => {
  const hash = createHash("sha512").update(unitKey.publicKey).digest("hex");
  expect(toHex(deviceIdOf(primitives, unitKey.publicKey))).toBe(hash.slice(0, 24));
  expect(isKeyOf(primitives, unitId, unitKey.publicKey)).toBe(true);
  expect(isKeyOf(primitives, unitId, guest.publicKey)).toBe(false);
  expect(isKeyOf(primitives, unitId, unitKey.publicKey.slice(1))).toBe(false);
  expect(isKeyOf(primitives, unitId.slice(1), unitKey.publicKey)).toBe(false);
});
