/** Cyclic redundancy checks that other parties' formats require. They detect accidents, not attacks. */

/** A table of a reflected CRC: what half a byte, moved out of the register, adds to it. One of whole bytes takes 1.7 KB of a unit. */
function tableOf(polynomial: number): readonly number[] {
  const table: number[] = [];
  for (let half = 0; half < 16; half++) {
    let crc = half;
    for (let bit = 0; bit < 4; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    table.push(crc >>> 0);
  }
  return table;
}

const CRC8 = tableOf(0x8c);
const CRC32 = tableOf(0xedb88320);

/**
 * CRC-8 as Dallas/Maxim and every SmartConfig protocol use it: reflected, polynomial 0x8c.
 * @param seed What earlier bytes gave, to go on from; 0 at the start.
 * @source Maxim application note 27
 */
export function crc8(bytes: ArrayLike<number>, seed = 0): number {
  let crc = seed;
  for (let i = 0; i < bytes.length; i++) {
    crc ^= bytes[i] as number;
    crc = (CRC8[crc & 15] as number) ^ (crc >>> 4);
    crc = (CRC8[crc & 15] as number) ^ (crc >>> 4);
  }
  return crc;
}

/**
 * CRC-32 of IEEE 802.3 (reflected, polynomial 0xedb88320, inverted before and after).
 * @param seed What earlier bytes gave, to go on from; 0 at the start.
 * @returns An unsigned 32-bit number.
 * @source IEEE 802.3 clause 3.2.9
 */
export function crc32(bytes: ArrayLike<number>, seed = 0): number {
  let crc = ~seed;
  for (let i = 0; i < bytes.length; i++) {
    crc ^= bytes[i] as number;
    crc = (CRC32[crc & 15] as number) ^ (crc >>> 4);
    crc = (CRC32[crc & 15] as number) ^ (crc >>> 4);
  }
  return ~crc >>> 0;
}
