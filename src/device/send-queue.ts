/** What is still to be sent on connections whose send buffer was full, in order, and closes that wait behind it. */
import type { Tcp } from "./port.ts";

/** One piece never exceeds this, so that a board's send buffer can take it whole. */
const PIECE_BYTES = 2_920;

export interface SendQueue {
  write(connection: number, bytes: Uint8Array): void;
  /** Closes once all that was written before has been taken. */
  close(connection: number): void;
  /** The connection can take more. */
  drained(connection: number): void;
  /** The connection is gone with what was still to be sent. */
  closed(connection: number): void;
}

export function createSendQueue(tcp: Tcp): SendQueue {
  const waiting = new Map<number, Uint8Array[]>();
  const closing = new Set<number>();

  function flush(connection: number, pieces: Uint8Array[]): void {
    while (pieces.length > 0) {
      if (!tcp.write(connection, pieces[0] as Uint8Array)) {
        waiting.set(connection, pieces);
        return;
      }
      pieces.shift();
    }
    waiting.delete(connection);
    if (closing.delete(connection)) tcp.close(connection);
  }
  return {
    write(connection, bytes) {
      const pieces = waiting.get(connection) ?? [];
      const isFirst = pieces.length === 0;
      for (let offset = 0; offset < bytes.length; offset += PIECE_BYTES) {
        pieces.push(bytes.subarray(offset, offset + PIECE_BYTES));
      }
      if (isFirst) flush(connection, pieces);
    },
    close(connection) {
      if (waiting.has(connection)) closing.add(connection);
      else tcp.close(connection);
    },
    drained(connection) {
      const pieces = waiting.get(connection);
      if (pieces !== undefined) flush(connection, pieces);
    },
    closed(connection) {
      waiting.delete(connection);
      closing.delete(connection);
    },
  };
}
