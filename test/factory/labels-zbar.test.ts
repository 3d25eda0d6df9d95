/** What the line prints is read by a reader of another make as well: zbar, as many phones have it. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readFlashConfig } from "#factory/config.ts";
import { drawPng } from "#factory/labels.ts";
import { cardSheet, labelSheet } from "#factory/sheets.ts";
import { linkText } from "#wire/grants/card.ts";

const config = readFlashConfig("flash.config.json");
const id = Uint8Array.from({ length: 12 }, (_, i) => 19 * i + 3);
const secret = Uint8Array.from({ length: 16 }, (_, i) => 251 - 13 * i);

test.each([
  ["label", labelSheet(config, id)],
  ["card", cardSheet(config, id, secret)],
] as const)("zbar reads the %s letter for letter", async (name, sheet) => {
  const path = join(mkdtempSync(join(tmpdir(), "latchkey-zbar-")), `${name}.png`);
  writeFileSync(path, await drawPng(sheet));
  const said = execFileSync("zbarimg", ["--raw", "-q", "-Sdisable", "-Sqrcode.enable", path]).toString();
  expect(said.trim()).toBe(linkText(sheet.link));
});
