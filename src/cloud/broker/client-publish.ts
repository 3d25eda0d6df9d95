/** Publishes to one connected client of the embedded broker, with QoS 0 and back-pressure. */
import type { Client } from "aedes";

/** What waits for a client that doesn't read; one that lets more gather is disconnected. */
const WAITING_BYTES_MAX = 1_048_576;

/** Resolves once there is room for more: true, or false when the connection ended. */
export function publishToClient(client: Client, topic: string, payload: Uint8Array): Promise<boolean> {
  const { conn } = client;
  if (!client.connected) return Promise.resolve(false);
  if (conn.writableLength > WAITING_BYTES_MAX) {
    client.close();
    return Promise.resolve(false);
  }
  return new Promise((resolve) => {
    // aedes never calls back for a client that goes away while its socket is full.
    const onClose = () => resolve(false);
    conn.once("close", onClose);
    const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
    client.publish({ cmd: "publish", topic, payload: bytes, qos: 0, retain: false, dup: false }, () => {
      conn.off("close", onClose);
      resolve(client.connected);
    });
  });
}
