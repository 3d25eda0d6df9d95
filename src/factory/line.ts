/**
 * The line: makes one unit, step by step, and stops at the first thing that is not as it should be. Nothing is written
 * to the registry before the print has been read back and the unit has shown that it remembers what it was given.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { equal, toHex } from "#base/bytes.ts";
import { faultOf } from "#base/faults.ts";
import { readQr } from "#codec/host/qr-reader.ts";
import type { Primitives } from "#trust/primitives.ts";
import { linkText } from "#wire/grants/card.ts";
import { appKeyOf } from "./app-key.ts";
import { cloudTlsOf } from "./authorities.ts";
import type { FlashConfig } from "./config.ts";
import { type Identity, type MakerKeys, makeIdentity } from "./identity.ts";
import { drawPdf, drawPng, type Sheet } from "./labels.ts";
import type { Registry } from "./registry.ts";
import { cardSheet, labelSheet } from "./sheets.ts";
import type { Station } from "./station.ts";

/** Something on the line is wrong; the message says what, and what to do. The unit must not be shipped. */
export class LineError extends Error {
  override name = "LineError";
}

export interface LineInput {
  readonly config: FlashConfig;
  readonly keys: MakerKeys;
  readonly station: Station;
  readonly registry: Registry;
  readonly crypto: Primitives;
  /** What goes where in flash, the first release's images and journal. */
  readonly images: readonly { readonly address: number; readonly bytes: Uint8Array }[];
  /** Names the release in the registry. */
  readonly release: string;
  readonly nowS: number;
  /** Runs one step; shows its name, time and outcome. */
  step<T>(name: string, work: () => Promise<T>): Promise<T>;
}

export interface MadeUnit {
  readonly id: Uint8Array;
  /** Folder with label.png, card.png and print.pdf, readable by its owner alone: the card is in it. */
  readonly folder: string;
  readonly labelPng: string;
  readonly cardPng: string;
  readonly pdf: string;
}

/** Makes one unit and leaves it with power, listening for Wi-Fi. Throws LineError. */
export async function makeUnit(input: LineInput): Promise<MadeUnit> {
  const { config, station, registry, crypto, step } = input;
  // A file that is wrong is refused before the flash is touched.
  cloudTlsOf(config);
  appKeyOf(config);
  await step("flash", () => station.flash(input.images));
  await step("power on", () => station.power(true));
  const publicKey = await step("unit makes its key", async () => {
    const identity = await station.ask({ kind: "identify" });
    if (identity.kind !== "identity") throw new LineError("the unit doesn't say who it is; flash it again");
    return identity.publicKey;
  });
  const identity = makeIdentity(crypto, config, input.keys, publicKey, input.nowS);
  await step("owner's grant", () => provision(station, identity));
  const unit = await step("label and card", () => print(config, identity));
  await step("unit remembers", () => checkUnit(station, crypto, identity));
  await step("registry", async () =>
    registry.add({
      id: toHex(identity.id),
      product: config.product,
      board: config.board,
      publicKey,
      grantCti: identity.grantCti,
      release: input.release,
      madeAtS: input.nowS,
    }),
  );
  return unit;
}

async function provision(station: Station, identity: Identity): Promise<void> {
  const done = await station.ask({ kind: "provision", values: identity.values });
  if (done.kind !== "done" || done.fault !== 0) {
    const fault = done.kind === "done" ? (faultOf(done.fault) ?? done.fault) : done.kind;
    throw new LineError(`the unit doesn't take its identity (${fault}); erase and flash it again`);
  }
}

/** Draws, writes and reads back: what the decoder sees must be what was meant, letter for letter. */
async function print(config: FlashConfig, { id, secret }: Identity): Promise<MadeUnit> {
  const folder = join(config.output, "units", toHex(id));
  const draft = `${folder}.new`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true, mode: 0o700 });
  const sheets: [name: string, sheet: Sheet][] = [
    ["label.png", labelSheet(config, id)],
    ["card.png", cardSheet(config, id, secret)],
  ];
  const drawn: { sheet: Sheet; png: Uint8Array }[] = [];
  for (const [name, sheet] of sheets) {
    const png = await drawPng(sheet);
    writeFileSync(join(draft, name), png, { mode: 0o600, flush: true });
    if ((await readQr(readFileSync(join(draft, name)))) !== linkText(sheet.link)) {
      throw new LineError(`${name} reads back differently from what was printed; raise labels.dpi or the label's size`);
    }
    drawn.push({ sheet, png });
  }
  writeFileSync(join(draft, "print.pdf"), await drawPdf(drawn), { mode: 0o600, flush: true });
  rmSync(folder, { recursive: true, force: true });
  renameSync(draft, folder);
  return {
    id,
    folder,
    labelPng: join(folder, "label.png"),
    cardPng: join(folder, "card.png"),
    pdf: join(folder, "print.pdf"),
  };
}

/** Asks the unit, started anew since, for digests of what it was given. */
async function checkUnit(station: Station, crypto: Primitives, identity: Identity): Promise<void> {
  const state = await station.ask({ kind: "check" });
  if (state.kind !== "state") throw new LineError("the unit doesn't tell what it remembers; flash it again");
  for (const [name, value] of identity.values) {
    const digest = state.digests.get(name);
    if (digest === undefined || !equal(digest, crypto.sha512(value).slice(0, digest.length))) {
      throw new LineError(`the unit doesn't remember its ${name}; its flash may be worn: take another unit`);
    }
  }
}
