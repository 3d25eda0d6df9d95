/**
 * Senders of another make for every protocol, written from the specification alone: they share no code with ours, and
 * choose differently wherever it leaves a choice (where they start, how often they repeat, padding, pace, address).
 */
import { createCipheriv, createHmac, hkdfSync } from "node:crypto";

/** Draws in [0, 1). */
export type Draw = () => number;

export interface Sent {
  readonly atMs: number;
  readonly length: number;
  /** Destination's Ethernet address, in hexadecimal. */
  readonly da: string;
}

export interface Wanted {
  readonly ssid: Buffer;
  readonly passphrase: Buffer;
  readonly reserved: Buffer;
}

const EVERYONE = "ffffffffffff";
const GATEWAY = "a0b1c2d3e4f5";
const below = (draw: Draw, limit: number) => Math.floor(draw() * limit);

/** Dallas/Maxim CRC-8, bit by bit. */
function crc(bytes: readonly number[]): number {
  let register = 0;
  for (const byte of bytes) {
    for (let bit = 0; bit < 8; bit++) {
      const isSet = ((register ^ (byte >> bit)) & 1) === 1;
      register >>= 1;
      if (isSet) register ^= 0x8c;
    }
  }
  return register;
}

function aes(mode: "cbc" | "ecb" | "ofb", key: Buffer, iv: Buffer | null, plain: Buffer, isPadded = false): Buffer {
  const cipher = createCipheriv(`aes-128-${mode}`, key, iv).setAutoPadding(isPadded);
  return Buffer.concat([cipher.update(plain), cipher.final()]);
}

/** Lengths to everyone, one after the other. */
function paced(lengths: readonly number[], paceMs: number, da = EVERYONE): Sent[] {
  return lengths.map((length, i) => ({ atMs: i * paceMs, length, da }));
}

const times = (count: number, lengths: readonly number[]): number[] =>
  Array.from({ length: count }, () => lengths).flat();
const from = (start: number, lengths: readonly number[]) => [...lengths.slice(start), ...lengths.slice(0, start)];

export function esptouchV1({ ssid, passphrase }: Wanted, draw: Draw): Sent[] {
  const bssid = [0xa0, 0xb1, 0xc2, 0xd3, 0xe4, 0xf5];
  const total = 9 + passphrase.length + ssid.length;
  const ip = [10, below(draw, 256), below(draw, 256), below(draw, 256)];
  const datum = [total, passphrase.length, crc([...ssid]), crc(bssid), 0, ...ip, ...passphrase, ...ssid];
  datum[4] = datum.reduce((xor, byte) => xor ^ byte);
  const codes = datum.map((byte, index) => [byte, index] as const);
  [5, 9, 13, 17, 21, 25].forEach((at, i) => {
    const code = [bssid[i] as number, total + i] as const;
    if (at < codes.length) codes.splice(at, 0, code);
    else codes.push(code);
  });
  const round = codes.flatMap(([byte, index]) => {
    const c = crc([byte, index]);
    return [40 + ((c & 0xf0) | (byte >> 4)), 40 + 256 + index, 40 + (((c & 15) << 4) | (byte & 15))];
  });
  // Some go on where they stopped, some begin anew; some send each packet every 8 ms, some every 15.
  const guide = times(20 + below(draw, 60), [515, 514, 513, 512]);
  const start = below(draw, 2) === 0 ? 0 : 3 * below(draw, codes.length);
  const cycle = [...guide, ...times(2, from(start, round))];
  const n = 1 + below(draw, 100);
  const group = `01005e${n.toString(16).padStart(2, "0").repeat(3)}`;
  return paced(times(4, cycle), draw() < 0.5 ? 8 : 15, draw() < 0.5 ? EVERYONE : group);
}

export function esptouchV2({ ssid, passphrase, reserved }: Wanted, draw: Draw, key?: Buffer): Sent[] {
  const isHigh = (bytes: Buffer) => bytes.some((byte) => byte > 127);
  const both = Buffer.concat([passphrase, reserved]);
  const security = key === undefined || both.length === 0 ? 0 : 1 + below(draw, 2);
  const counted = (bytes: Buffer) => bytes.length + (isHigh(bytes) ? 128 : 0);
  const flags = below(draw, 2) | (security << 1) | (below(draw, 4) << 3);
  const bssid = [0xa0, 0xb1, 0xc2, 0xd3, 0xe4, 0xf5];
  const five = [counted(ssid), counted(passphrase), counted(reserved), crc(bssid), flags];
  const columns = (six: readonly number[]) =>
    Array.from({ length: 8 }, (_, k) => 128 * k + 64 + six.reduce((bits, byte) => 2 * bits + ((byte >> k) & 1), 0));
  const blocks: number[][] = [];
  const add = (bytes: Buffer, isEight: boolean) => {
    const size = isEight ? 5 : 6;
    const padded = [...bytes];
    while (padded.length % size !== 0) padded.push(below(draw, 127));
    for (let at = 0; at < padded.length; at += size) {
      const part = padded.slice(at, at + size);
      const lengths = isEight ? columns([...part, crc(part)]) : columns(part);
      if (!isEight) lengths[7] = 7 * 128 + 64 + (crc(part) & 63);
      blocks.push(lengths);
    }
  };
  if (security > 0) {
    const iv = Buffer.from(Array.from({ length: 20 }, () => below(draw, 256)));
    add(aes("cbc", key as Buffer, security === 2 ? iv.subarray(0, 16) : Buffer.alloc(16), both, true), true);
    if (security === 2) add(iv, true);
  } else if (isHigh(both)) {
    add(passphrase, isHigh(passphrase));
    add(reserved, isHigh(reserved));
  } else add(both, false);
  add(ssid, isHigh(ssid));
  const size = 1072 + blocks.length;
  const head = [1048, size, 1048, size, ...columns([...five, crc(five)])];
  const round = [...head, ...blocks.flatMap((lengths, g) => [128 + g, 128 + g, 128 + g, ...lengths])];
  // Before the user starts, some say every 100 ms that they are there.
  const early = Array.from({ length: below(draw, 12) }, (_, i) => ({ atMs: i * 100, length: 1048, da: EVERYONE }));
  const offsetMs = early.length * 100;
  return [...early, ...paced(times(4, round), 15).map((sent) => ({ ...sent, atMs: sent.atMs + offsetMs }))];
}

export function airKiss({ ssid, passphrase }: Wanted, draw: Draw, key?: Buffer): Sent[] {
  const field = key === undefined ? passphrase : aes("cbc", key, key, passphrase, true);
  const payload = [...field, below(draw, 256), ...ssid];
  const nibbles = (base: number, a: number, b: number) => [
    base | (a >> 4),
    base | 16 | (a & 15),
    (base + 32) | (b >> 4),
    (base + 48) | (b & 15),
  ];
  const magic = nibbles(0, payload.length, crc([...ssid]));
  if (magic[0] === 0) magic[0] = 8;
  const prefix = nibbles(64, field.length, crc([field.length]));
  const groups: number[] = [];
  for (let at = 0; at < payload.length; at += 4) {
    const bytes = payload.slice(at, at + 4);
    groups.push(128 | (crc([at / 4, ...bytes]) & 127), 128 | (at / 4), ...bytes.map((byte) => 256 + byte));
  }
  const guide = times(10 + below(draw, 60), [1, 2, 3, 4]);
  const cycle = [...guide, ...times(8 + below(draw, 18), magic), ...times(3 + below(draw, 14), [...prefix, ...groups])];
  return paced(times(4, cycle), 4 + below(draw, 2));
}

const OFB_IV = "010319d2b151f2097061c3cb307d00";

export function ti(
  variant: "cc3000" | "cc3200",
  { ssid, passphrase, reserved }: Wanted,
  draw: Draw,
  key?: Buffer,
): Sent[] {
  const text = (bytes: Buffer): number[] => {
    let previous = 0;
    const nibbles = [...bytes].flatMap((byte) => [byte >> 4, byte & 15]);
    return [
      28 + bytes.length,
      ...nibbles.map((nibble, i) => {
        const length = 593 + (((previous ^ (i % 16)) << 4) | nibble);
        previous = nibble;
        return length;
      }),
    ];
  };
  let field = passphrase;
  if (key !== undefined) {
    const plain = Buffer.alloc(32);
    if (passphrase.length < 32) plain[0] = passphrase.length;
    passphrase.copy(plain, passphrase.length < 32 ? 1 : 0);
    const half = (n: number) =>
      aes("ofb", key, Buffer.from(`${OFB_IV}0${n + 1}`, "hex"), plain.subarray(16 * n, 16 * n + 16));
    field = variant === "cc3000" ? aes("ecb", key, null, plain) : Buffer.concat([half(0), half(1)]);
  }
  const [start, between] = variant === "cc3000" ? [1399, 1459] : [1099, key === undefined ? 1199 : 1200];
  const free = variant === "cc3200" && reserved.length > 1 ? [1149, ...text(reserved)] : [];
  const packets = [start, ...text(ssid), between, ...text(field), ...free];
  // The second kind of pass subtracts the number of a group from its sync length.
  const group = below(draw, 4);
  const pass = (sync: number) => packets.flatMap((length) => [sync, length]);
  const setup = packets.flatMap((length) => (length === start || length === between ? [length] : [length, 3, 23]));
  const four =
    variant === "cc3000" ? times(4, setup) : [...pass(3), ...pass(23 - group), ...pass(3), ...pass(23 - group)];
  const paceMs = 3 + below(draw, 5);
  const sent: Sent[] = [];
  for (let atMs = 0, turn = 0; turn < 5; turn++, atMs += 100) {
    for (const length of four) {
      sent.push({ atMs, length, da: GATEWAY });
      atMs += paceMs;
    }
  }
  return sent;
}

/** @param way By lengths, by addresses, or by both in turn. */
export function tuya(
  { ssid, passphrase, reserved }: Wanted,
  draw: Draw,
  way: "lengths" | "addresses" | "both",
): Sent[] {
  const payload = [passphrase.length, ...passphrase, reserved.length, ...reserved, ...ssid];
  const check = crc([payload.length]);
  const header = [payload.length >> 4, payload.length & 15, check >> 4, check & 15].map((n, i) => 16 * (i + 1) + n);
  const groups: number[] = [];
  let real = 0;
  for (let at = 0; at < payload.length; at += 4) {
    const bytes = payload.slice(at, at + 4);
    real = bytes.length;
    const four = [0, 1, 2, 3].map((i) => bytes[i] ?? 0);
    groups.push(128 | (crc([at / 4, ...four]) & 127), 128 | (at / 4), ...bytes.map((byte) => 256 + byte));
  }
  const tail = draw() < 0.5 ? times(real, [256]) : [];
  const lengths = (list: readonly number[]) => list.map((length) => ({ length, da: EVERYONE }));
  const pairs = (at: number, bytes: Buffer) =>
    Array.from({ length: Math.ceil(bytes.length / 2) }, (_, i) => {
      const group = [at + i, bytes[2 * i + 1] ?? 0, bytes[2 * i] as number];
      return { length: 1 + below(draw, 20), da: `01005e${Buffer.from(group).toString("hex")}` };
    });
  const field = (at: number, plain: Buffer, as: Buffer) => {
    const sum = Buffer.alloc(4);
    sum.writeUInt32LE(crc32(plain));
    return pairs(at, Buffer.concat([Buffer.from([plain.length, plain.length]), sum, as]));
  };
  const padded = Buffer.concat([passphrase, Buffer.alloc((16 - (passphrase.length % 16)) % 16)]);
  const sealed = aes("ecb", Buffer.from("a3c6794oiu876t54"), null, padded);
  const addressBody = [...field(64, ssid, ssid), ...field(0, passphrase, sealed), ...field(32, reserved, reserved)];
  const head = [
    ...(way === "lengths" ? [] : pairs(120, Buffer.from("TYST01"))),
    ...(way === "addresses" ? [] : lengths([1, 3, 6, 10])),
  ];
  const body = [
    ...(way === "lengths" ? [] : addressBody),
    ...(way === "addresses" ? [] : lengths([...header, ...groups, ...tail])),
  ];
  const all = [
    ...Array.from({ length: 10 + below(draw, 40) }, () => head).flat(),
    ...Array.from({ length: 6 + below(draw, 20) }, () => body).flat(),
  ];
  return all.map((packet, i) => ({ ...packet, atMs: 5 * i }));
}

function crc32(bytes: Buffer): number {
  let register = 0xffffffff;
  for (const byte of bytes) {
    register ^= byte;
    for (let bit = 0; bit < 8; bit++) register = (register >>> 1) ^ (register & 1 ? 0xedb88320 : 0);
  }
  return ~register >>> 0;
}

/** Product in GF(2^9) modulo x^9 + x^4 + 1, by shifting. */
function times512(a: number, b: number): number {
  let product = 0;
  for (let x = a, y = b; y > 0; y >>= 1) {
    if (y & 1) product ^= x;
    x = (x << 1) ^ (x & 256 ? 0x211 : 0);
  }
  return product;
}

/** Air as PROTOCOL 6.8 says it, over Node's own primitives. */
export function air({ ssid, passphrase, reserved }: Wanted, draw: Draw, key: Buffer, counter: number): Sent[] {
  const five = (value: number) => {
    const bytes = Buffer.alloc(5);
    bytes.writeUIntLE(value, 0, 5);
    return bytes;
  };
  const behind = (bytes: Buffer) => Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const plain = Buffer.concat([behind(ssid), behind(passphrase), behind(reserved)]);
  const isHinted = draw() < 0.5; // The phone's clock was put back.
  if (isHinted) plain[0] = (plain[0] as number) | 0x80;
  const said = isHinted ? Buffer.concat([plain, five(counter - 3600)]) : plain;
  const sizes = [17, 25, 33, 41, 49, 57, 66, 75, 84, 102, 120, 138];
  const sizeClass = 1 + sizes.findIndex((size) => size >= said.length);
  const body = Buffer.concat([said, Buffer.alloc((sizes[sizeClass - 1] as number) - said.length)]);
  const macKey = Buffer.from(hkdfSync("sha512", key, "", "latchkey air 2 tag", 32));
  const tag = createHmac("sha512", macKey)
    .update(Buffer.concat([five(counter), body]))
    .digest()
    .subarray(0, 16);
  const salt = Buffer.concat([five(counter), tag]);
  const stream = Buffer.from(hkdfSync("sha512", key, salt, "latchkey air 2 stream", body.length));
  const message = Buffer.concat([salt, body.map((byte, i) => byte ^ (stream[i] as number))]);
  const bits = [...message].flatMap((byte) => Array.from({ length: 8 }, (_, i) => (byte >> i) & 1));
  const symbols = Array.from({ length: Math.ceil(bits.length / 9) }, (_, n) =>
    bits.slice(9 * n, 9 * n + 9).reduce((sum, bit, i) => sum + (bit << i), 0),
  );
  const symbol = (index: number) => {
    let point = 1;
    for (let i = 0; i < index; i++) point = times512(point, 2);
    return symbols.reduceRight((sum, coefficient) => times512(sum, point) ^ coefficient, 0);
  };
  let index = 0;
  const ring = Array.from({ length: 260 }, (_, place) => {
    if (place % 20 === 0) return 1088 + (((sizeClass * place) / 20) % 13);
    return 64 + 512 * (place % 2) + symbol(index++);
  });
  return paced(times(3, from(below(draw, 260), ring)), 3 + below(draw, 12));
}

/** A stream of draws from a seed. */
export function drawsOf(seed: string): Draw {
  let count = 0;
  return () => createHmac("sha256", seed).update(String(count++)).digest().readUInt32LE(0) / 2 ** 32;
}
