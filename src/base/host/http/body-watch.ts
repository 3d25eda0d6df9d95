/**
 * Ends requests that make no progress. A request has a fixed time; one whose sender has proved a right to a long body may
 * take longer, as long as its bytes keep coming. So a slow line can bring a long list of units, and a stranger can hold
 * no connection for longer than before.
 */
import type { IncomingMessage, Server } from "node:http";

export interface BodyLimits {
  /** A request is complete within this time, or shows progress after it, each time for as long again. */
  readonly windowMs: number;
  /** The bytes that a slow request must send in each further window. */
  readonly windowBytesMin: number;
  /** Calls back after each window until it is told to stop; a test calls by itself. */
  every?(windowMs: number, look: () => void): () => void;
}

export const BODY_LIMITS: BodyLimits = { windowMs: 30_000, windowBytesMin: 30_000 };

const patient = new WeakSet<IncomingMessage>();

/** Lets a request take longer than one window: its sender proved who it is, and its body may be long. */
export function allowSlowBody(incoming: IncomingMessage): void {
  patient.add(incoming);
}

function everyWindow(windowMs: number, look: () => void): () => void {
  const timer = setInterval(look, windowMs);
  timer.unref();
  return () => clearInterval(timer);
}

/** Answers 408 and closes the connection where a request does not get on. */
export function watchBodies(server: Server, { windowMs, windowBytesMin, every = everyWindow }: BodyLimits): void {
  // Node's own limit is on the whole request, however well it gets on.
  server.requestTimeout = 0;
  server.prependListener("request", (incoming, response) => {
    const { socket } = incoming;
    let seenBytes = socket.bytesRead;
    const stop = every(windowMs, () => {
      if (incoming.complete) return stop();
      const gained = socket.bytesRead - seenBytes;
      seenBytes = socket.bytesRead;
      if (patient.has(incoming) && gained >= windowBytesMin) return;
      stop();
      if (!response.headersSent) socket.write("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n");
      socket.destroySoon();
    });
    incoming.once("close", stop);
  });
}
