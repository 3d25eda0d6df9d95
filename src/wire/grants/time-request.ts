/**
 * The text format in which a guest's phone forwards the unit's nonce to the phone of a link's signer, and gets the
 * answer: one line each, to be sent in any message. Neither is secret.
 * @source PROTOCOL 5.36
 */
import { fromHex, toHex } from "#base/bytes.ts";
import { type Cbor, decodeCbor, encodeCbor, isBytes, isCount } from "#codec/cbor.ts";
import { CHAIN_DEPTH_MAX } from "./grant.ts";
import { NONCE_BYTES } from "./signed-time.ts";

const REQUEST = "latchkey-time-request:";
const ANSWER = "latchkey-time-answer:";
const VERSION = 1;
const ID_BYTES = 12;

interface TimeRequest {
  readonly deviceId: Uint8Array;
  /** Place of the link whose signer is asked. */
  readonly link: number;
  readonly nonce: Uint8Array;
}

interface TimeAnswer {
  readonly deviceId: Uint8Array;
  readonly link: number;
  /** The signed time. */
  readonly statement: Uint8Array;
}

function textOf(mark: string, deviceId: Uint8Array, link: number, bytes: Uint8Array): string {
  return mark + toHex(encodeCbor([VERSION, deviceId, link, bytes]));
}

function partsOf(mark: string, text: string): readonly [Uint8Array, number, Uint8Array] | undefined {
  const trimmed = text.trim();
  const bytes = trimmed.startsWith(mark) ? fromHex(trimmed.slice(mark.length)) : undefined;
  const item = bytes === undefined ? undefined : decodeCbor(bytes);
  const fields = item?.ok && Array.isArray(item.value) ? (item.value as readonly Cbor[]) : [];
  const [version, deviceId, link, rest] = fields;
  if (version !== VERSION || fields.length !== 4) return undefined;
  if (!isBytes(deviceId, ID_BYTES) || !isCount(link, CHAIN_DEPTH_MAX) || !(rest instanceof Uint8Array))
    return undefined;
  return [deviceId, link, rest];
}

export function timeRequestText({ deviceId, link, nonce }: TimeRequest): string {
  return textOf(REQUEST, deviceId, link, nonce);
}

/** Reads a request, or undefined for a text that is none. */
export function readTimeRequest(text: string): TimeRequest | undefined {
  const [deviceId, link, nonce] = partsOf(REQUEST, text) ?? [];
  if (deviceId === undefined || link === undefined || nonce?.length !== NONCE_BYTES) return undefined;
  return { deviceId, link, nonce };
}

export function timeAnswerText({ deviceId, link, statement }: TimeAnswer): string {
  return textOf(ANSWER, deviceId, link, statement);
}

/** Reads an answer, or undefined for a text that is none. */
export function readTimeAnswer(text: string): TimeAnswer | undefined {
  const [deviceId, link, statement] = partsOf(ANSWER, text) ?? [];
  return deviceId === undefined || link === undefined || statement === undefined
    ? undefined
    : { deviceId, link, statement };
}
