/**
 * DNS messages as mDNS uses them: questions, and the records of answers. Names come out in lower case with dots between
 * their labels, since names are compared without regard to case.
 * @source RFC 1035 section 4; RFC 6762 sections 5.4, 10.2, 18
 */
import { concat, viewOf } from "#base/bytes.ts";

export const DNS_TYPE = { a: 1, ptr: 12, txt: 16, srv: 33, any: 255 } as const;
const CLASS_IN = 1;
/** In a record: what others said under this name is void. */
const CACHE_FLUSH = 0x8000;
/** In the flags: a response, by whoever has authority over the name. */
const RESPONSE = 0x8400;
const HEADER_BYTES = 12;
const NAME_BYTES_MAX = 255;

export interface DnsQuestion {
  readonly name: string;
  readonly type: number;
}

interface DnsRecord extends DnsQuestion {
  readonly ttlS: number;
  readonly data: Uint8Array;
  /** The name that a PTR or SRV record leads to. */
  readonly target?: string;
}

export interface DnsMessage {
  readonly id: number;
  readonly isResponse: boolean;
  readonly questions: readonly DnsQuestion[];
  /** The questions as they came, for an answer that repeats them. */
  readonly questionBytes: Uint8Array;
  /** Reads the records, of all three sections, the first RECORDS_MAX of them. Undefined when they are malformed. */
  records(): readonly DnsRecord[] | undefined;
}

/**
 * Anyone may send a message, so the work that one can cause is bounded: what is beyond these is not looked at. The names
 * that a unit is asked for have five labels, a query has a few questions, and knows some dozens of answers.
 */
const MESSAGE_BYTES_MAX = 1_500;
const STEPS_MAX = 16;
const QUESTIONS_MAX = 32;
const RECORDS_MAX = 64;
/** What a name is read as that is longer than any that is asked for. */
const TOO_LONG = "";

/**
 * A name at a place, and the place behind it. Pointers lead back only, and labels and pointers together are at most
 * STEPS_MAX: a name of more is passed over.
 */
function readName(bytes: Uint8Array, start: number): { readonly name: string; readonly next: number } | undefined {
  let at = start;
  let next = -1;
  let name = "";
  for (let steps = 1; ; steps++) {
    const length = bytes[at];
    if (length === undefined) return undefined;
    if (steps > STEPS_MAX && next >= 0) return { name: TOO_LONG, next };
    if (length >= 0xc0) {
      const to = ((length & 0x3f) << 8) | (bytes[at + 1] ?? 0);
      if (next < 0) next = at + 2;
      if (to >= at) return undefined;
      at = to;
      continue;
    }
    if (length > 63 || name.length + length > NAME_BYTES_MAX) return undefined;
    if (length === 0) return { name: steps > STEPS_MAX ? TOO_LONG : name, next: next < 0 ? at + 1 : next };
    const end = at + 1 + length;
    if (end > bytes.length) return undefined;
    if (steps <= STEPS_MAX) name += `${name === "" ? "" : "."}${String.fromCharCode(...bytes.subarray(at + 1, end))}`;
    at = end;
  }
}

/** Reads a message's head and questions; undefined for anything else. */
export function readDnsMessage(bytes: Uint8Array): DnsMessage | undefined {
  if (bytes.length < HEADER_BYTES || bytes.length > MESSAGE_BYTES_MAX) return undefined;
  const view = viewOf(bytes);
  const questions: DnsQuestion[] = [];
  const asked = view.getUint16(4);
  let at = HEADER_BYTES;
  for (let left = Math.min(asked, QUESTIONS_MAX); left > 0; left--) {
    const read = readName(bytes, at);
    if (read === undefined || read.next + 4 > bytes.length) return undefined;
    questions.push({ name: read.name.toLowerCase(), type: view.getUint16(read.next) });
    at = read.next + 4;
  }
  const count = view.getUint16(6) + view.getUint16(8) + view.getUint16(10);
  return {
    id: view.getUint16(0),
    isResponse: (view.getUint16(2) & 0x8000) !== 0,
    questions,
    questionBytes: bytes.slice(HEADER_BYTES, at),
    records: () => (asked > QUESTIONS_MAX ? undefined : readRecords(bytes, at, Math.min(count, RECORDS_MAX))),
  };
}

function readRecords(bytes: Uint8Array, start: number, count: number): readonly DnsRecord[] | undefined {
  const view = viewOf(bytes);
  const records: DnsRecord[] = [];
  let at = start;
  for (let left = count; left > 0; left--) {
    const read = readName(bytes, at);
    if (read === undefined || read.next + 10 > bytes.length) return undefined;
    const type = view.getUint16(read.next);
    const dataAt = read.next + 10;
    at = dataAt + view.getUint16(read.next + 8);
    if (at > bytes.length) return undefined;
    const ttlS = view.getUint32(read.next + 4);
    const leads = type === DNS_TYPE.ptr ? dataAt : type === DNS_TYPE.srv ? dataAt + 6 : -1;
    const target = leads < 0 ? undefined : readName(bytes, leads);
    if (leads >= 0 && target === undefined) return undefined;
    const record = { name: read.name.toLowerCase(), type, ttlS, data: bytes.slice(dataAt, at) };
    records.push(target === undefined ? record : { ...record, target: target.name.toLowerCase() });
  }
  return records;
}

/** A name without compression. Labels have at most 63 bytes of ASCII. */
export function encodeDnsName(name: string): Uint8Array {
  const out: number[] = [];
  for (const label of name.split(".")) {
    out.push(label.length);
    for (let i = 0; i < label.length; i++) out.push(label.charCodeAt(i));
  }
  return Uint8Array.of(...out, 0);
}

function u16(...values: readonly number[]): Uint8Array {
  return Uint8Array.of(...values.flatMap((value) => [value >> 8, value & 255]));
}

/** @param isUnique Whether nobody else answers under this name. */
export function encodeDnsRecord(record: DnsRecord, isUnique: boolean): Uint8Array {
  const { name, type, ttlS, data } = record;
  const inClass = isUnique ? CLASS_IN | CACHE_FLUSH : CLASS_IN;
  return concat(encodeDnsName(name), u16(type, inClass, ttlS >>> 16, ttlS & 0xffff, data.length), data);
}

/** A question; its answer is wanted by multicast or, from a port that isn't mDNS's own, by unicast. */
export function encodeDnsQuery(id: number, { name, type }: DnsQuestion): Uint8Array {
  return concat(u16(id, 0, 1, 0, 0, 0), encodeDnsName(name), u16(type, CLASS_IN));
}

/** @param questions Repeated from the query for one that isn't an mDNS responder itself; none otherwise. */
export function encodeDnsResponse(
  id: number,
  questions: { readonly count: number; readonly bytes: Uint8Array },
  answers: readonly Uint8Array[],
  additional: readonly Uint8Array[],
): Uint8Array {
  const head = u16(id, RESPONSE, questions.count, answers.length, 0, additional.length);
  return concat(head, questions.bytes, ...answers, ...additional);
}
