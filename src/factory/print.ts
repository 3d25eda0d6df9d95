/** Writes a unit's label and card to the station's disk, and reads them back with an independent decoder. */
import { mkdirSync, renameSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { toHex } from "#base/bytes.ts";
import { readQr } from "#codec/host/qr-reader.ts";
import { readBytes, writeWhole } from "#trust/host/files.ts";
import { linkText } from "#wire/grants/card.ts";
import type { FlashConfig } from "./config.ts";
import { drawPdf, drawPng, type Sheet } from "./labels.ts";
import { LineError } from "./line-error.ts";
import { cardSheet, labelSheet } from "./sheets.ts";

export interface Printed {
  /** Folder with label.png, card.png and print.pdf, readable by its owner alone: the card is in it. */
  readonly folder: string;
  readonly labelPng: string;
  readonly cardPng: string;
  readonly pdf: string;
}

/** Draws a sheet into a file, and reads it back: what the decoder sees must be what was meant, letter for letter. @throws LineError */
async function drawInto(path: string, sheet: Sheet): Promise<Uint8Array> {
  const png = await drawPng(sheet);
  writeWhole(path, png, 0o600);
  if ((await readQr(readBytes(path))) !== linkText(sheet.link)) {
    rmSync(path);
    throw new LineError(
      `${basename(path)} reads back differently from what was printed; raise labels.dpi or the label's size`,
    );
  }
  return png;
}

/** The label of a development unit, which says that it is one. @returns Where it lies. @throws LineError */
export async function printLabel(config: FlashConfig, id: Uint8Array): Promise<string> {
  const path = join(config.output, "label.png");
  await drawInto(path, labelSheet(config, id, "DEVELOPMENT"));
  return path;
}

/** Throws LineError when a sheet reads back differently; nothing is kept then. */
export async function printSheets(
  config: FlashConfig,
  { id, secret }: { readonly id: Uint8Array; readonly secret: Uint8Array },
): Promise<Printed> {
  const folder = join(config.output, "units", toHex(id));
  const draft = `${folder}.new-${process.pid}`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true, mode: 0o700 });
  const sheets: [name: string, sheet: Sheet][] = [
    ["label.png", labelSheet(config, id)],
    ["card.png", cardSheet(config, id, secret)],
  ];
  const drawn: { sheet: Sheet; png: Uint8Array }[] = [];
  for (const [name, sheet] of sheets) {
    drawn.push({ sheet, png: await drawInto(join(draft, name), sheet) });
  }
  writeWhole(join(draft, "print.pdf"), await drawPdf(drawn), 0o600);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const names = ["label.png", "card.png", "print.pdf"] as const;
  for (const name of names) renameSync(join(draft, name), join(folder, name));
  rmSync(draft, { recursive: true });
  const [labelPng, cardPng, pdf] = names.map((name) => join(folder, name)) as [string, string, string];
  return { folder, labelPng, cardPng, pdf };
}
