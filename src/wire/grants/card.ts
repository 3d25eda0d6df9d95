/** The sealed card's text and the links on card and label (PROTOCOL 3). The secret stands in a URL's fragment only. */
import { assert } from "#base/assert.ts";
import { fromHex, toHex } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import { base32Symbols, base32Text, fromSymbols, toSymbols } from "#codec/base32.ts";
import { checkSymbols, isChecked } from "#codec/check31.ts";

export const DEVICE_ID_BYTES = 12;
export const CARD_SECRET_BYTES = 16;
/** One for the version, 26 for the secret, four for the check. */
const CARD_CHARACTERS = 31;
const CARD_VERSION = 1;

/** A part of a QR symbol in its own mode; mixed modes keep the version small. */
export interface QrSegment {
  readonly mode: "alphanumeric" | "byte";
  readonly data: string;
}

/** The 31 characters of a secret of 16 bytes, without separators. */
export function cardText(secret: Uint8Array): string {
  assert(secret.length === CARD_SECRET_BYTES, "a card's secret has 16 bytes");
  const data = [CARD_VERSION, ...toSymbols(secret)];
  return base32Text([...data, ...checkSymbols(data)]);
}

/** The text in groups of five for reading and typing; the version stands with the first group. */
export function cardGroups(text: string): string {
  return text.replace(/^.{6}|.{5}/g, (group) => `${group}-`).slice(0, -1);
}

/**
 * The secret of a text as typed or scanned: any case, O for 0, I and L for 1, hyphens and spaces anywhere.
 * @returns 16 bytes; or BASE32_CHARACTER, CARD_LENGTH, CARD_CHECK, CARD_VERSION, BASE32_LENGTH (filling bits not zero).
 * @source PROTOCOL 3.3
 */
export function readCardText(text: string): Result<Uint8Array> {
  const symbols = base32Symbols(text);
  if (!symbols.ok) return symbols;
  if (symbols.value.length !== CARD_CHARACTERS) return refuse("CARD_LENGTH");
  if (!isChecked(symbols.value)) return refuse("CARD_CHECK");
  if (symbols.value[0] !== CARD_VERSION) return refuse("CARD_VERSION");
  return fromSymbols(symbols.value.slice(1, 27));
}

/** The card's link, HTTPS://GO.MAKER/T#ID.S, in the segments of its QR symbol. */
export function cardLink(maker: string, id: Uint8Array, secret: Uint8Array): readonly QrSegment[] {
  return [
    { mode: "alphanumeric", data: `HTTPS://GO.${maker.toUpperCase()}/T` },
    // The one character that the alphanumeric mode lacks.
    { mode: "byte", data: "#" },
    { mode: "alphanumeric", data: `${idText(id)}.${cardText(secret)}` },
  ];
}

/** The device label's link, HTTPS://GO.MAKER/D/ID. It holds no secret. */
export function labelLink(maker: string, id: Uint8Array): string {
  return `HTTPS://GO.${maker.toUpperCase()}/D/${idText(id)}`;
}

/** A link's segments as one text. */
export function linkText(segments: readonly QrSegment[]): string {
  return segments.map((segment) => segment.data).join("");
}

/** Device ID and secret of a scanned card's link, or CARD_LINK when it is none, or what readCardText refuses. */
export function readCardLink(text: string): Result<{ readonly id: Uint8Array; readonly secret: Uint8Array }> {
  const match = /^HTTPS:\/\/GO\.[A-Z0-9.-]+\/T#([0-9A-F]{24})\.([0-9A-Z]+)$/.exec(text.trim().toUpperCase());
  if (match === null) return refuse("CARD_LINK");
  const secret = readCardText(match[2] as string);
  return secret.ok ? ok({ id: fromHex(match[1] as string) as Uint8Array, secret: secret.value }) : secret;
}

/** Device ID of a scanned label's link, or CARD_LINK. */
export function readLabelLink(text: string): Result<Uint8Array> {
  const match = /^HTTPS:\/\/GO\.[A-Z0-9.-]+\/D\/([0-9A-F]{24})$/.exec(text.trim().toUpperCase());
  return match === null ? refuse("CARD_LINK") : ok(fromHex(match[1] as string) as Uint8Array);
}

function idText(id: Uint8Array): string {
  assert(id.length === DEVICE_ID_BYTES, "a device ID has 12 bytes");
  return toHex(id).toUpperCase();
}
