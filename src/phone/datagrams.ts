/**
 * The datagram interface that a phone's platform supplies, so that the same sender runs in Node, React Native or
 * Capacitor.
 */
export interface DatagramTransport {
  /** Sends one datagram of so many bytes; what is in it doesn't matter. */
  send(host: string, port: number, byteLength: number): void;
  /** Sends bytes that do matter, to one address. */
  answer(host: string, port: number, bytes: Uint8Array): void;
  /** Receives what arrives at a port, broadcast and (where named) a multicast group included, until `close`. Resolves once it can. */
  listen(port: number, receive: (bytes: Uint8Array, peer: string) => void, group?: string): Promise<void>;
  close(): void;
  /** Milliseconds, monotonic. */
  nowMs(): number;
  /** Resolves after so many milliseconds; 0 lets what has arrived be received. */
  wait(milliseconds: number): Promise<void>;
}
