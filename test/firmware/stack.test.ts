/** The stacks of the native boards hold the deepest calls that the compiler sees, and the check notices when they don't. */
import { expect, test } from "vitest";
import { exceeded, stackUse } from "#firmware/budget.ts";
import { buildBoot, buildRuntime } from "#firmware/image.ts";
import { FIRMWARE_BOARDS } from "#firmware/layout.ts";
import { PLAIN } from "#firmware/tls-sources.ts";

const VARIANTS = FIRMWARE_BOARDS.flatMap((board) => [false, true].map((tls) => [board, tls] as const));

test.each(VARIANTS)("%s (TLS: %s) keeps its budgets of flash, RAM and stack", async (board, tls) => {
  const images = { boot: await buildBoot(board), runtime: await buildRuntime(board, { tls }), tls };
  expect(exceeded(board, images)).toEqual([]);
  // The deepest call of both is the check of a signature, which is found below three of our own functions at least.
  expect(stackUse(images).boot.path.join(" ")).toMatch(/main .*slot_verify .*ge25519_double_scalarmult_vartime/);
  expect(stackUse(images).native.bytes).toBeGreaterThan(3000);
});

test("a frame that is too large, and calls that are too deep, are named", async () => {
  const [board = ""] = FIRMWARE_BOARDS;
  const large = (text: string) =>
    text.replace(
      "uint8_t signed_release[RELEASE_BYTES_MOST], root[32];",
      "uint8_t signed_release[RELEASE_BYTES_MOST + 5000], root[32];",
    );
  const boot = await buildBoot(board, { as: "boot-large-frame", edits: new Map([["boot/slot.c", large]]) });
  const over = exceeded(board, { boot, runtime: await buildRuntime(board, PLAIN) });
  expect(over).toHaveLength(2);
  expect(over[0]).toMatch(/^boot stack takes 9\d{3} B, the budget in board.json is 8192 B$/);
  expect(over[1]).toMatch(/^frame of slot_verify takes 56\d\d B/);
});
