/**
 * The acknowledgement that TI's phones wait for: an mDNS response whose first record has the name that the phone gave
 * the unit. They read labels behind the header, ten bytes, a length and that name; whoever is on the network can say
 * the same.
 * @source PROTOCOL 6.7; RFC 6762 sections 6 and 8.3
 */
import { concat } from "#base/bytes.ts";
import { utf8 } from "#base/utf8.ts";
import { DNS_TYPE, encodeDnsName, encodeDnsRecord, encodeDnsResponse } from "#codec/dns.ts";

/** What a unit is called when no name was sent: TI's phones then wait for that. */
const DEFAULT_NAME = "CC3000";
/** A service of its own, so that nobody who browses for ours meets a name without an address. */
const SERVICE = "_smartconfig._udp.local";
/** One label of a domain name. */
const LABEL_BYTES_MAX = 63;
const TTL_S = 120;

/** The device name in free data (0x03, length, name), or CC3000. */
function nameIn(freeData: Uint8Array): Uint8Array {
  const [kind, byteLength = 0] = freeData;
  const isName = kind === 3 && byteLength >= 1 && byteLength <= LABEL_BYTES_MAX && freeData.length === 2 + byteLength;
  return isName ? freeData.subarray(2) : utf8(DEFAULT_NAME);
}

/**
 * The announcement of a unit that was told this free data. A pointer is a shared record, so nobody has to be asked first
 * whether the name is free.
 */
export function tiAnnouncement(freeData: Uint8Array): Uint8Array {
  const name = nameIn(freeData);
  const data = concat(Uint8Array.of(name.length), name, encodeDnsName(SERVICE));
  const pointer = encodeDnsRecord({ name: SERVICE, type: DNS_TYPE.ptr, ttlS: TTL_S, data }, false);
  return encodeDnsResponse(0, { count: 0, bytes: new Uint8Array(0) }, [pointer], []);
}

/** Bytes of a message's header, and of what stands between a record's name and its data. */
const HEADER_BYTES = 12;
const RECORD_BYTES = 10;

/** Whether a message on mDNS's port says the name that goes with this free data, read as TI's phones read it. */
export function isTiAnnouncement(message: Uint8Array, freeData: Uint8Array): boolean {
  if (message.length < HEADER_BYTES || ((message[2] as number) & 0x80) === 0) return false;
  let at = HEADER_BYTES;
  for (let byteLength = message[at]; byteLength !== 0; byteLength = message[at]) {
    if (byteLength === undefined || byteLength > LABEL_BYTES_MAX) return false;
    at += 1 + byteLength;
  }
  at += 1 + RECORD_BYTES;
  const name = nameIn(freeData);
  return message[at] === name.length && name.every((byte, i) => message[at + 1 + i] === byte);
}
