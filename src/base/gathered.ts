/**
 * Bytes that come in pieces, kept in one buffer that grows by doubling. However small the pieces are, what is kept takes at
 * most twice its bytes: a list of pieces would take a record of the engine's for each of them.
 */
export interface Gathered {
  bytes: Uint8Array;
  length: number;
}

const LEAST_BYTES = 64;

export function createGathered(): Gathered {
  return { bytes: new Uint8Array(0), length: 0 };
}

/** Adds a piece. @returns False, and nothing is added, when there would be more than `bytesMax`. */
export function gather(gathered: Gathered, piece: Uint8Array, bytesMax: number): boolean {
  const length = gathered.length + piece.length;
  if (length > bytesMax) return false;
  if (length > gathered.bytes.length) {
    const room = Math.min(bytesMax, Math.max(LEAST_BYTES, 2 * gathered.bytes.length));
    reserve(gathered, Math.max(length, room));
  }
  gathered.bytes.set(piece, gathered.length);
  gathered.length = length;
  return true;
}

/** Makes room at once for as many bytes as there will be, so that no growing buffer stands beside the one before. */
export function reserve(gathered: Gathered, bytes: number): void {
  if (bytes <= gathered.bytes.length) return;
  const room = new Uint8Array(bytes);
  room.set(gatheredBytes(gathered));
  gathered.bytes = room;
}

/** What was gathered so far: a view, good until the next change. */
export function gatheredBytes({ bytes, length }: Gathered): Uint8Array {
  return bytes.subarray(0, length);
}
