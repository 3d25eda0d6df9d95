/** Reads the layout of an ESP-TOUCH v2 message from its head: the blocks that follow. @source PROTOCOL 6.4 */
import { crc8 } from "#codec/crc.ts";
import { paddingBytes } from "./esptouch-v2.ts";

export interface Layout {
  readonly ssidBytes: number;
  readonly passphraseBytes: number;
  readonly reservedBytes: number;
  readonly security: number;
  readonly portMark: number;
  /** Blocks in order: field and data bytes a block. */
  readonly fields: readonly { readonly byteLength: number; readonly blockBytes: 5 | 6 }[];
  readonly sequences: number;
}

/** The layout of a head of six bytes, or undefined when its CRC or a field does not hold. */
export function layoutOf(head: Uint8Array): Layout | undefined {
  if (crc8(head.subarray(0, 5)) !== head[5]) return undefined;
  const [ssid, passphrase, reserved, , flags] = head as unknown as [number, number, number, number, number];
  const size = (counted: number) => counted & 0x7f;
  const block = (counted: number): 5 | 6 => (counted & 0x80 ? 5 : 6);
  const security = (flags >> 1) & 3;
  if (size(ssid) < 1 || size(ssid) > 32 || size(passphrase) > 64 || flags >> 5 !== 0 || security > 2) return undefined;
  const bothBytes = size(passphrase) + size(reserved);
  const fields: { byteLength: number; blockBytes: 5 | 6 }[] = [];
  if (security !== 0) {
    if (bothBytes === 0) return undefined;
    fields.push({ byteLength: bothBytes + 16 - (bothBytes % 16), blockBytes: 5 });
    if (security === 2) fields.push({ byteLength: 20, blockBytes: 5 });
  } else if (block(passphrase) === 6 && block(reserved) === 6) {
    fields.push({ byteLength: bothBytes, blockBytes: 6 });
  } else {
    fields.push({ byteLength: size(passphrase), blockBytes: block(passphrase) });
    fields.push({ byteLength: size(reserved), blockBytes: block(reserved) });
  }
  fields.push({ byteLength: size(ssid), blockBytes: block(ssid) });
  let sequences = 1;
  for (const { byteLength, blockBytes } of fields) {
    sequences += (byteLength + paddingBytes(byteLength, blockBytes)) / blockBytes;
  }
  return {
    ssidBytes: size(ssid),
    passphraseBytes: size(passphrase),
    reservedBytes: size(reserved),
    security,
    portMark: (flags >> 3) & 3,
    fields,
    sequences,
  };
}
