/**
 * Queues bytes for connections whose send buffer was full, in order, together with the closes that wait behind them.
 */
import { concat } from "#base/bytes.ts";
import type { Tcp } from "./port.ts";

/** One piece never exceeds this, so that a board's send buffer can take it whole. */
const PIECE_BYTES = 2_920;
/** A connection whose peer leaves so much untaken is closed. */
const WAITING_BYTES_MAX = 16_384;
/** What stands before a close has so long to leave. */
const LINGER_MS = 5_000;

interface Waiting {
  readonly pieces: Uint8Array[];
  /** When the connection is closed with what is left; infinite while nobody asked for its end. */
  closeAtMs: number;
}

export interface SendQueue {
  readonly tcp: Tcp;
  readonly waiting: Map<number, Waiting>;
}

export function createSendQueue(tcp: Tcp): SendQueue {
  return { tcp, waiting: new Map() };
}

/** @returns False when the connection was closed instead: its peer takes nothing. */
export function writeTo(queue: SendQueue, connection: number, bytes: Uint8Array): boolean {
  const { pieces, closeAtMs } = queue.waiting.get(connection) ?? { pieces: [], closeAtMs: Number.POSITIVE_INFINITY };
  const isFirst = pieces.length === 0;
  const last = pieces[pieces.length - 1];
  if (last !== undefined && last.length + bytes.length <= PIECE_BYTES) {
    // Thousands of acknowledgements that wait would each take a record of the engine's.
    pieces[pieces.length - 1] = concat(last, bytes);
  } else {
    for (let offset = 0; offset < bytes.length; offset += PIECE_BYTES) {
      pieces.push(bytes.subarray(offset, offset + PIECE_BYTES));
    }
  }
  if (pieces.reduce((sum, piece) => sum + piece.length, 0) > WAITING_BYTES_MAX) {
    closeNow(queue, connection);
    return false;
  }
  if (isFirst) flush(queue, connection, { pieces, closeAtMs });
  return true;
}

/** Closes once all that was written before has been taken, or some seconds have gone by. */
export function closeAfter(queue: SendQueue, connection: number, nowMs: number): void {
  const waiting = queue.waiting.get(connection);
  if (waiting === undefined) queue.tcp.close(connection);
  else waiting.closeAtMs = nowMs + LINGER_MS;
}

/** Closes with what is still to be sent. */
export function closeNow({ tcp, waiting }: SendQueue, connection: number): void {
  waiting.delete(connection);
  tcp.close(connection);
}

/** Closes the connections whose peers did not take the rest in time. */
export function closeOverdue(queue: SendQueue, nowMs: number): void {
  for (const [connection, { closeAtMs }] of queue.waiting) if (nowMs >= closeAtMs) closeNow(queue, connection);
}

/** When the next of them is overdue, in board milliseconds. */
export function nextOverdueMs({ waiting }: SendQueue): number {
  return Math.min(...[...waiting.values()].map(({ closeAtMs }) => closeAtMs));
}

/** The connection can take more. */
export function onDrained(queue: SendQueue, connection: number): void {
  const waiting = queue.waiting.get(connection);
  if (waiting !== undefined) flush(queue, connection, waiting);
}

/** The connection is gone with what was still to be sent. */
export function onClosed({ waiting }: SendQueue, connection: number): void {
  waiting.delete(connection);
}

function flush({ tcp, waiting }: SendQueue, connection: number, rest: Waiting): void {
  const { pieces } = rest;
  while (pieces.length > 0) {
    if (!tcp.write(connection, pieces[0] as Uint8Array)) {
      waiting.set(connection, rest);
      return;
    }
    pieces.shift();
  }
  waiting.delete(connection);
  if (rest.closeAtMs !== Number.POSITIVE_INFINITY) tcp.close(connection);
}
