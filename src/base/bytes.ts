/** Operations on byte strings that every room needs, without Node's Buffer. */

/**
 * Joins byte strings in order into a new one. Of one alone it is a copy, also where somebody brings a Buffer of Node's, whose
 * own slice is none. Counted loops: on a small engine an iterator costs more than its step.
 */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  let byteLength = 0;
  for (let i = 0; i < parts.length; i++) byteLength += (parts[i] as Uint8Array).length;
  const joined = new Uint8Array(byteLength);
  let offset = 0;
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] as Uint8Array;
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/**
 * Tells whether two byte strings are the same. Time depends on the lengths only, so it may compare secrets. Four bytes a
 * step where there are many.
 */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  const byteLength = a.length;
  if (byteLength !== b.length) return false;
  let difference = 0;
  let at = 0;
  if (byteLength >= 16) {
    const left = viewOf(a);
    const right = viewOf(b);
    for (; at + 4 <= byteLength; at += 4) difference |= left.getInt32(at) ^ right.getInt32(at);
  }
  for (; at < byteLength; at++) difference |= (a[at] as number) ^ (b[at] as number);
  return difference === 0;
}

/** Bytewise lexicographic order (RFC 8949 section 4.2.1): negative, zero or positive. */
export function compare(a: Uint8Array, b: Uint8Array): number {
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

const DIGITS = "0123456789abcdef";

/** Lower-case hexadecimal text, two digits a byte. */
export function toHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += (DIGITS[byte >> 4] as string) + (DIGITS[byte & 15] as string);
  return text;
}

/** Bytes of hexadecimal text in either case, or undefined when it is not whole pairs of digits. */
export function fromHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0) return undefined;
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    const high = DIGITS.indexOf((text[2 * i] as string).toLowerCase());
    const low = DIGITS.indexOf((text[2 * i + 1] as string).toLowerCase());
    if (high < 0 || low < 0) return undefined;
    bytes[i] = (high << 4) | low;
  }
  return bytes;
}

/** A view of some bytes for reading and writing numbers at offsets. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
