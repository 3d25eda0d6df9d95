/** Connection identifiers and key identifiers as EDHOC writes them: `bstr / -24..23` (RFC 9528 sections 3.3.2, 3.5.3.2). */
import { equal } from "#base/bytes.ts";
import { type Cbor, encodeCbor } from "#codec/cbor.ts";

const KID_LABEL = 4;

/** Tells whether a byte string is written as the integer that its one byte encodes. */
function standsForInteger(content: Uint8Array): boolean {
  return content.length === 1 && ((content[0] as number) & 0xdf) < 24;
}

/** An identifier as it stands in a message. */
export function encodeIdentifier(content: Uint8Array): Uint8Array {
  return standsForInteger(content) ? content : encodeCbor(content);
}

/** The byte string that an item stands for, or undefined when it isn't in its one correct form. */
export function identifierOf(item: Cbor): Uint8Array | undefined {
  if (typeof item === "number") return item >= -24 && item < 24 ? encodeCbor(item) : undefined;
  return item instanceof Uint8Array && !standsForInteger(item) ? item : undefined;
}

/** ID_CRED_x = {4: kid}, encoded, for a kid of up to 23 bytes. */
export function kidMap(kid: Uint8Array): Uint8Array {
  return encodeCbor(new Map([[KID_LABEL, kid]]));
}

/** ID_CRED_x as it stands in a plaintext: a lone kid without its map, anything else as it is. */
export function compactId(id: Uint8Array): Uint8Array {
  const isKid = id[0] === 0xa1 && id[1] === KID_LABEL && id.length === (id[2] as number) - 0x40 + 3;
  return isKid ? encodeIdentifier(id.subarray(3)) : id;
}

/** The encoded ID_CRED_x that an item of a plaintext stands for, or undefined for a form that isn't the correct one. */
export function idCredOf(item: Cbor): Uint8Array | undefined {
  if (item instanceof Map) {
    const id = encodeCbor(item);
    return equal(compactId(id), id) ? id : undefined;
  }
  const kid = identifierOf(item);
  if (kid === undefined || kid.length > 23) return undefined;
  return kid.length === 1 ? Uint8Array.of(0xa1, KID_LABEL, 0x41, kid[0] as number) : kidMap(kid);
}
