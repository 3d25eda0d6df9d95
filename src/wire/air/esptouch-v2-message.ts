/** Decodes an ESP-TOUCH v2 message from its blocks, once enough of them were received. @source PROTOCOL 6.4 */
import { concat } from "#base/bytes.ts";
import { type AesBlocks, cbcDecrypt } from "#codec/aes-modes.ts";
import { crc8 } from "#codec/crc.ts";
import type { AirCredentials } from "./air-credentials.ts";
import {
  type Blocks,
  blocksAgree,
  MANY_MISSING,
  missingColumn,
  NONE_MISSING,
  readBlock,
} from "./esptouch-v2-blocks.ts";
import { type Layout, layoutOf } from "./esptouch-v2-layout.ts";
import type { AccessPoint } from "./frame.ts";

/** What a unit knows besides the frames. */
export interface V2Context {
  /** For security 1 and 2: without them those are never found. */
  readonly aes: AesBlocks | undefined;
  readonly aesKey: Uint8Array | undefined;
  /** The access point that relays the sender, when the scan has it. */
  readonly network: Pick<AccessPoint, "ssid" | "bssid"> | undefined;
}

/**
 * The fields' bytes, SSID last, once every block can be had. The SSID may also be the scan's, where the head names
 * that very access point and what was heard of it agrees.
 */
function partsOf(blocks: Blocks, layout: Layout, head: Uint8Array, network: V2Context["network"]) {
  const ssidAt = layout.sequences - Math.ceil(layout.ssidBytes / (layout.fields.at(-1)?.blockBytes ?? 6));
  for (let i = 1; i < ssidAt; i++) if (missingColumn(blocks, i) === MANY_MISSING) return undefined;
  let index = 1;
  let solved = 0;
  const parts: Uint8Array[] = [];
  for (const [field, { byteLength, blockBytes }] of layout.fields.entries()) {
    const isSsid = field === layout.fields.length - 1;
    if (isSsid && network !== undefined && head[3] === crc8(network.bssid) && network.ssid.length === byteLength) {
      if (blocksAgree(blocks, index, network.ssid, blockBytes)) {
        parts.push(network.ssid);
        continue;
      }
    }
    const run: Uint8Array[] = [];
    for (let at = 0; at < byteLength; at += blockBytes, index++) {
      const missing = missingColumn(blocks, index);
      if (missing === MANY_MISSING) return undefined;
      if (missing !== NONE_MISSING) solved++;
      const block = readBlock(blocks, index, blockBytes);
      if (block === undefined) return undefined;
      run.push(block);
    }
    parts.push(concat(...run).subarray(0, byteLength));
  }
  // A column that was solved for is checked by nothing but its place: one block at least must stand by its own CRC.
  return solved < layout.sequences - 1 ? parts : undefined;
}

/** @returns The credentials; "damaged" where they don't open under the key, so that nothing heard is worth keeping. */
export function readMessage(
  blocks: Blocks,
  sequences: number,
  { aes, aesKey, network }: V2Context,
  us: number,
): AirCredentials | "damaged" | undefined {
  if (missingColumn(blocks, 0) === MANY_MISSING) return undefined;
  const data = readBlock(blocks, 0, 5);
  if (data === undefined) return undefined;
  const head = concat(data, Uint8Array.of(crc8(data)));
  const layout = layoutOf(head);
  if (layout === undefined || layout.sequences !== sequences) return undefined;
  const parts = partsOf(blocks, layout, head, network);
  if (parts === undefined) return undefined;
  const ssid = parts[parts.length - 1] as Uint8Array;
  let both = concat(...parts.slice(0, -1));
  if (layout.security !== 0) {
    if (aes === undefined || aesKey === undefined) return undefined;
    const iv = layout.security === 2 ? (parts[1] as Uint8Array).subarray(0, 16) : new Uint8Array(16);
    const opened = cbcDecrypt(aes, aesKey, iv, parts[0] as Uint8Array);
    if (opened === undefined || opened.length !== layout.passphraseBytes + layout.reservedBytes) return "damaged";
    both = opened;
  }
  return {
    protocol: "esptouch-v2",
    ssid: ssid.slice(),
    passphrase: both.slice(0, layout.passphraseBytes),
    reserved: both.slice(layout.passphraseBytes),
    us,
    token: layout.portMark,
  };
}
