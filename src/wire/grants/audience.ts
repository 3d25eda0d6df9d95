/** The audience of a statement: one device, a product or a fleet, each with its own type (PROTOCOL 4.3). */
import { equal } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import { utf8 } from "#base/utf8.ts";
import type { Cbor } from "#codec/cbor.ts";
import { DEVICE_ID_BYTES } from "./card.ts";

/** Tags of ours, so that no text can be taken for another kind's. */
const TAG = { product: 27755, fleet: 27756 } as const;
const NAME_BYTES_MAX = 32;

export type Audience =
  | { readonly kind: "device"; readonly id: Uint8Array }
  | { readonly kind: "product"; readonly name: string }
  | { readonly kind: "fleet"; readonly name: string };

/** Who a unit is, for deciding whether a statement is for it. */
export interface Unit {
  readonly id: Uint8Array;
  readonly product: string;
  readonly fleet: string;
}

export function encodeAudience(audience: Audience): Cbor {
  return audience.kind === "device" ? audience.id : { tag: TAG[audience.kind], value: audience.name };
}

/** Reads the aud claim; GRANT_AUDIENCE when it is missing, null, untyped text or anything else. */
export function readAudience(item: Cbor): Result<Audience> {
  const audience = audienceOf(item);
  return audience === undefined ? refuse("GRANT_AUDIENCE") : ok(audience);
}

function audienceOf(item: Cbor): Audience | undefined {
  if (item instanceof Uint8Array) return item.length === DEVICE_ID_BYTES ? { kind: "device", id: item } : undefined;
  if (typeof item !== "object" || item === null || !("tag" in item)) return undefined;
  const { tag, value: name } = item;
  if (typeof name !== "string" || name === "" || utf8(name).length > NAME_BYTES_MAX) return undefined;
  const kind = tag === TAG.product ? "product" : tag === TAG.fleet ? "fleet" : undefined;
  return kind && { kind, name };
}

/** Tells whether a unit is meant. */
export function isMeant(audience: Audience, unit: Unit): boolean {
  return audience.kind === "device" ? equal(audience.id, unit.id) : audience.name === unit[audience.kind];
}
