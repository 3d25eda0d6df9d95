/**
 * Queues bytes for connections whose send buffer was full, in order, together with the closes that wait behind them.
 */
import type { Tcp } from "./port.ts";

/** One piece never exceeds this, so that a board's send buffer can take it whole. */
const PIECE_BYTES = 2_920;

export interface SendQueue {
  readonly tcp: Tcp;
  readonly waiting: Map<number, Uint8Array[]>;
  readonly closing: Set<number>;
}

export function createSendQueue(tcp: Tcp): SendQueue {
  return { tcp, waiting: new Map(), closing: new Set() };
}

export function writeTo(queue: SendQueue, connection: number, bytes: Uint8Array): void {
  const pieces = queue.waiting.get(connection) ?? [];
  const isFirst = pieces.length === 0;
  for (let offset = 0; offset < bytes.length; offset += PIECE_BYTES) {
    pieces.push(bytes.subarray(offset, offset + PIECE_BYTES));
  }
  if (isFirst) flush(queue, connection, pieces);
}

/** Closes once all that was written before has been taken. */
export function closeAfter({ tcp, waiting, closing }: SendQueue, connection: number): void {
  if (waiting.has(connection)) closing.add(connection);
  else tcp.close(connection);
}

/** The connection can take more. */
export function onDrained(queue: SendQueue, connection: number): void {
  const pieces = queue.waiting.get(connection);
  if (pieces !== undefined) flush(queue, connection, pieces);
}

/** The connection is gone with what was still to be sent. */
export function onClosed({ waiting, closing }: SendQueue, connection: number): void {
  waiting.delete(connection);
  closing.delete(connection);
}

function flush({ tcp, waiting, closing }: SendQueue, connection: number, pieces: Uint8Array[]): void {
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
