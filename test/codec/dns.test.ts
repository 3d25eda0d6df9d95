/** What a DNS message costs whoever reads it: anyone may send one to a unit. */
import { expect, it } from "vitest";
import { concat } from "#base/bytes.ts";
import { DNS_TYPE, encodeDnsQuery, readDnsMessage } from "#codec/dns.ts";
import { SERVICE } from "#wire/sessions/discovery.ts";

const u16 = (...values: readonly number[]) => Uint8Array.from(values.flatMap((value) => [value >> 8, value & 255]));
const pointerTo = (place: number) => 0xc000 | place;
const HEADER_BYTES = 12;

/** Questions whose names lead back through all those before them. */
function chainOfQuestions(): Uint8Array {
  const parts = [u16(7, 0, 240, 0, 0, 0), Uint8Array.of(0), u16(DNS_TYPE.ptr, 1)];
  let last = HEADER_BYTES;
  for (let place = 17; place + 6 <= 1_472; place += 6) {
    parts.push(u16(pointerTo(last), DNS_TYPE.ptr, 1));
    last = place;
  }
  return concat(...parts);
}

/** Known answers whose names lead through a chain of pointers in the first one's data. */
function chainInData(): Uint8Array {
  const chain = Array.from({ length: 400 }, (_, i) => pointerTo(i === 0 ? HEADER_BYTES : 23 + 2 * (i - 1)));
  const parts = [u16(7, 0, 0, 60, 0, 0), Uint8Array.of(0), u16(DNS_TYPE.txt, 1, 0, 9, 800), u16(...chain)];
  const end = 23 + 2 * 399;
  for (let at = 823; at + 14 <= 1_472; at += 14)
    parts.push(u16(pointerTo(end), DNS_TYPE.ptr, 1, 0, 9, 2, pointerTo(end)));
  return concat(...parts);
}

/** Labels of one byte, as many as a name can have, and questions that lead to them. */
function manyLabels(): Uint8Array {
  const parts = [u16(7, 0, 240, 0, 0, 0), ...Array<Uint8Array>(126).fill(Uint8Array.of(1, 97)), Uint8Array.of(0)];
  parts.push(u16(DNS_TYPE.ptr, 1));
  for (let at = 0; at < 190; at++) parts.push(u16(pointerTo(HEADER_BYTES), DNS_TYPE.ptr, 1));
  return concat(...parts);
}

/** Bytes with a count of how often one of them was looked at. */
function counted(bytes: Uint8Array): { readonly bytes: Uint8Array; readonly reads: () => number } {
  let reads = 0;
  const proxy = new Proxy(bytes, {
    get(target, key) {
      if (typeof key === "string" && /^\d+$/.test(key)) reads++;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  return { bytes: proxy, reads: () => reads };
}

it.each([
  ["questions that lead back through one another", chainOfQuestions()],
  ["a chain of pointers in a record's data", chainInData()],
  ["names of a hundred labels", manyLabels()],
])("a datagram of %s is read in less than three looks a byte", (_what, bytes) => {
  expect(bytes.length).toBeLessThanOrEqual(1_472);
  const watched = counted(bytes);
  readDnsMessage(watched.bytes)?.records();
  expect(watched.reads()).toBeLessThan(3 * bytes.length);
});

it("what is longer than a frame is no message, and an honest question still is one", () => {
  const query = encodeDnsQuery(7, { name: SERVICE, type: DNS_TYPE.ptr });
  expect(readDnsMessage(query)?.questions).toEqual([{ name: SERVICE, type: DNS_TYPE.ptr }]);
  expect(readDnsMessage(concat(query, new Uint8Array(1_500)))).toBeUndefined();
});
