/** `latchkey factory card`: makes and reads sealed cards. */
import { existsSync } from "node:fs";
import type { Command } from "commander";
import { equal, toHex } from "#base/bytes.ts";
import { hexOf, textOf } from "#cli/readings.ts";
import { sayTrouble } from "#cli/say-trouble.ts";
import { CliTrouble } from "#cli/trouble.ts";
import { readQr } from "#codec/host/qr-reader.ts";
import { holderSeed } from "#trust/grants/card-keys.ts";
import { readBytes, readText } from "#trust/host/files.ts";
import { writeKeyFile } from "#trust/host/key-file.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { createSecretFile } from "#trust/host/secret-file.ts";
import {
  CARD_SECRET_BYTES,
  cardGroups,
  cardLink,
  cardText,
  linkText,
  readCardLink,
  readCardText,
} from "#wire/grants/card.ts";

/** What flash.config.json takes as `maker`, in either case. */
const MAKER = /^[A-Za-z0-9.-]{1,24}$/;

interface NewOptions {
  readonly id: string;
  readonly maker: string;
  readonly out?: string;
  readonly json?: boolean;
}
interface ReadOptions {
  readonly id?: string;
  readonly holder?: string;
  readonly json?: boolean;
}

/** Makes a card: the one verb whose purpose is to show a secret. */
function newCard(options: NewOptions): void {
  const id = hexOf("--id", options.id, 12);
  if (!MAKER.test(options.maker)) {
    throw new CliTrouble(
      `"${options.maker}" is not a maker's domain (expected 1 to 24 letters, digits, dots and hyphens, as lamps.example); give another --maker`,
    );
  }
  const secret = nodePrimitives.random(CARD_SECRET_BYTES);
  const holder = nodePrimitives.ed25519PublicKey(holderSeed(nodePrimitives, secret, id));
  const card = {
    id: toHex(id),
    text: cardGroups(cardText(secret)),
    link: linkText(cardLink(options.maker, id, secret)),
    holder: toHex(holder),
  };
  const read = readCardLink(card.link);
  if (!read.ok || !equal(read.value.id, id) || !equal(read.value.secret, secret)) {
    throw new CliTrouble("the card's link does not read back as this card; nothing was written");
  }
  const whole =
    options.json === true ? JSON.stringify(card) : `${card.text}\n${card.link}\nholder's key ${card.holder}`;
  if (options.out === undefined) {
    process.stdout.write(`${whole}\n`);
    return;
  }
  if (existsSync(options.out)) throw new CliTrouble(`${options.out} is there already; a card is never overwritten`);
  createSecretFile(options.out, `${whole}\n`);
  if (readText(options.out) !== `${whole}\n`) {
    throw new CliTrouble(
      `${options.out} does not hold the card that was written; check the disk and make another card`,
    );
  }
  process.stdout.write(
    options.json === true
      ? `${JSON.stringify({ id: card.id, holder: card.holder })}\n`
      : `${options.out}: a card for ${card.id}\n`,
  );
}

const ADVICE: Readonly<Record<string, string>> = {
  BASE32_CHARACTER: "it holds a character that no card has (there is no U); look again",
  CARD_LENGTH: "it has not 31 characters; count again",
  CARD_CHECK: "its check doesn't fit: one or more characters are wrong or swapped; read it once more",
  CARD_VERSION: "it is a card of a version that this program doesn't know; get a newer one",
  CARD_LINK: "it is no link of a card",
};

function trouble(fault: string): CliTrouble {
  return new CliTrouble(`not a valid card: ${ADVICE[fault] ?? "it can't be read"} (${fault})`);
}

/** Tells whose card it is, without telling the secret; writes the holder's key where asked. */
function tell(secret: Uint8Array, id: Uint8Array | undefined, options: ReadOptions): void {
  if (options.holder !== undefined && id === undefined)
    throw new CliTrouble("the key depends on the device: say --id ID");
  const seed = id === undefined ? undefined : holderSeed(nodePrimitives, secret, id);
  if (options.holder !== undefined && seed !== undefined) writeKeyFile(options.holder, "holder", seed);
  const holder = seed === undefined ? null : toHex(nodePrimitives.ed25519PublicKey(seed));
  const idText = id === undefined ? null : toHex(id);
  if (options.json === true) process.stdout.write(`${JSON.stringify({ good: true, id: idText, holder })}\n`);
  else if (holder === null) process.stdout.write("a good card\n");
  else process.stdout.write(`a good card for ${idText}, holder's key ${holder}\n`);
}

async function readCard(name: string, options: ReadOptions): Promise<void> {
  const picture = name !== "-" && /\.(png|jpe?g)$/i.test(name);
  const text = picture ? await readQr(readBytes(name)) : textOf(name);
  if (text === undefined) throw new CliTrouble(`there is no QR code in ${name}; take the picture again`);
  // A file of `factory card new` has the link on a line of its own.
  const link = /HTTPS:\/\/\S+/i.exec(text)?.[0];
  if (link === undefined) {
    typed(text.split("\n")[0] as string, options);
    return;
  }
  const card = readCardLink(link.replace(/["',].*$/, ""));
  if (!card.ok) throw trouble(card.fault);
  const { id, secret } = card.value;
  if (options.id !== undefined && options.id.toLowerCase() !== toHex(id)) {
    throw new CliTrouble(`the card belongs to ${toHex(id)}, not to ${options.id}`);
  }
  tell(secret, id, options);
}

function typed(text: string, options: ReadOptions): void {
  const secret = readCardText(text.trim());
  if (!secret.ok) throw trouble(secret.fault);
  tell(secret.value, options.id === undefined ? undefined : hexOf("--id", options.id, 12), options);
}

export function registerCards(command: Command): void {
  command
    .command("new")
    .description("make a card for a device and show it: text, link, and the public key that its grant names")
    .requiredOption("--id <id>", "the device's ID, 24 hexadecimal digits")
    .requiredOption("--maker <domain>", "the maker's domain, for the link HTTPS://GO.<domain>/T#...")
    .option("--out <file>", "write the card here, for its owner alone to read, instead of showing it")
    .option("--json", "print one JSON object")
    .action((options: NewOptions) => sayTrouble(() => newCard(options)));
  command
    .command("read")
    .description("read a card from a picture of its code, or a file with its link or text; never shows the secret")
    .argument("<file>", "PNG or JPEG, or text; - for standard input")
    .option("--id <id>", "the device that it must belong to")
    .option("--holder <file>", "write the holder's key there")
    .option("--json", "print one JSON object")
    .action((name: string, options: ReadOptions) => sayTrouble(() => readCard(name, options)));
  command
    .command("type")
    .description("take a card as typed, on one line of standard input: any case, O for 0, I or L for 1")
    .option("--id <id>", "the device's ID, from its label")
    .option("--holder <file>", "write the holder's key there")
    .option("--json", "print one JSON object")
    .action((options: ReadOptions) => sayTrouble(() => typed(textOf("-").split("\n")[0] as string, options)));
}
