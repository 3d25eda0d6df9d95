/** Floats of CBOR in their shortest form (RFC 8949 section 4.2.2), head byte included. */
import { viewOf } from "#base/bytes.ts";

/** IEEE 754 binary16 to a number (RFC 8949 appendix D). */
export function fromHalf(half: number): number {
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  const size =
    exponent === 0
      ? fraction * 2 ** -24
      : exponent === 31
        ? fraction === 0
          ? Number.POSITIVE_INFINITY
          : Number.NaN
        : (fraction + 1024) * 2 ** (exponent - 25);
  return half & 0x8000 ? -size : size;
}

/** The shortest of binary16, 32 and 64 that keeps the value; NaN is f97e00 alone. */
export function encodeFloat(value: number): Uint8Array {
  if (Number.isNaN(value)) return Uint8Array.of(0xf9, 0x7e, 0);
  const double = new Uint8Array(9);
  double[0] = 0xfb;
  viewOf(double).setFloat64(1, value);
  if (Math.fround(value) !== value) return double;
  const single = new Uint8Array(5);
  single[0] = 0xfa;
  const view = viewOf(single);
  view.setFloat32(1, value);
  const bits = view.getUint32(1);
  const half = toHalf(bits);
  return half === undefined ? single : Uint8Array.of(0xf9, half >> 8, half & 255);
}

/** binary16 bits of the number whose binary32 bits are given, or undefined when it would lose something. */
function toHalf(bits: number): number | undefined {
  const sign = (bits >>> 16) & 0x8000;
  const exponent = (bits >>> 23) & 255;
  const fraction = bits & 0x7fffff;
  if ((bits & 0x7fffffff) === 0) return sign;
  if (exponent === 255) return sign | 0x7c00;
  if (exponent >= 113 && exponent <= 142 && (fraction & 0x1fff) === 0) {
    return sign | ((exponent - 112) << 10) | (fraction >> 13);
  }
  // Subnormal in binary16: the leading one becomes explicit and everything shifts down.
  const shift = 126 - exponent;
  const whole = fraction | 0x800000;
  if (shift < 14 || shift > 24 || whole % 2 ** shift !== 0) return undefined;
  return sign | (whole / 2 ** shift);
}
