/**
 * The ceiling: a server that speaks just enough MQTT to hand out blocks, with the same proofs, timestamps and block
 * checks as the cloud, and neither broker, store nor rollouts. Started by the bench; talks with it over IPC.
 */
import { createServer } from "node:net";
import mqttPacket from "mqtt-packet";
import { fromHex, toHex } from "#base/bytes.ts";
import { createLinkGate } from "#cloud/broker/link-gate.ts";
import { createNonces, NONCE_KEY_BYTES } from "#cloud/broker/nonces.ts";
import type { Fleet } from "#cloud/fleet.ts";
import { createTimestampSigner } from "#cloud/issuer/timestamp-signer.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { readReleaseFile } from "#trust/host/release-file.ts";
import {
  BLOCK_BYTES,
  decodeBlockRequest,
  encodeBlockResponse,
  LEAVES_INDEX,
  leavesOf,
  tagOf,
  wantedBlocks,
} from "#wire/releases/blocks.ts";
import { releaseIdOf } from "#wire/releases/release.ts";

interface Start {
  readonly keysFolder: string;
  readonly release: string;
  readonly units: readonly { readonly id: string; readonly publicKey: string }[];
}

process.once("message", (start: Start) => {
  const file = readReleaseFile(start.release);
  const stream = file.streams[0] as Uint8Array;
  const signed = file.signed as Uint8Array;
  const leaves = leavesOf(nodePrimitives.sha256, stream);
  const issuer = createTimestampSigner([start.keysFolder]);
  const { product, sequence } = file.release;
  const current = { product, sequence, id: releaseIdOf(nodePrimitives.sha256, signed) };
  const units = new Map(
    start.units.map(({ id, publicKey }) => [id, { id, fleet: "bench", publicKey: fromHex(publicKey) as Uint8Array }]),
  );
  const nonces = createNonces(nodePrimitives.random(NONCE_KEY_BYTES), nodePrimitives.random);
  const fleet = { get: (id: string) => units.get(id), spendNonce: () => true } as unknown as Fleet;
  const commit = () => Promise.resolve();
  const gate = createLinkGate({ broker: "bare", fleet, nonces, primitives: nodePrimitives, commit });
  const offers: (() => void)[] = [];

  const server = createServer((socket) => {
    socket.setNoDelay(true);
    const parser = mqttPacket.parser();
    let prefix = "";
    let deviceId = "";
    const publish = (name: string, payload: Uint8Array) => {
      const topic = Buffer.from(prefix + name);
      const length = 2 + topic.length + payload.length;
      const head = Buffer.alloc(7);
      let at = 1;
      head[0] = 0x30;
      for (let left = length; ; left >>>= 7) {
        head[at++] = left > 127 ? (left & 127) | 128 : left;
        if (left <= 127) break;
      }
      head.writeUInt16BE(topic.length, at);
      socket.cork();
      socket.write(head.subarray(0, at + 2));
      socket.write(topic);
      socket.write(payload);
      socket.uncork();
    };
    parser.on("packet", async (packet) => {
      if (packet.cmd === "connect") {
        const proof = fromHex(packet.password?.toString() ?? "");
        const device = proof && (await gate.check(packet.clientId, proof, Date.now()));
        if (!device?.ok)
          return void socket.end(mqttPacket.generate({ cmd: "connack", returnCode: 5, sessionPresent: false }));
        deviceId = packet.clientId;
        prefix = `f/bench/d/${packet.clientId}/`;
        socket.write(mqttPacket.generate({ cmd: "connack", returnCode: 0, sessionPresent: false }));
      } else if (packet.cmd === "subscribe") {
        offers.push(() => publish("release", signed));
        socket.write(mqttPacket.generate({ cmd: "suback", messageId: packet.messageId as number, granted: [0, 0, 0] }));
      } else if (packet.cmd === "publish" && packet.topic.endsWith("/ask")) {
        const nonce = Uint8Array.from(packet.payload as Buffer);
        const timestamp = issuer.timestamp(product, deviceId, current, nonce, Date.now());
        if (timestamp !== undefined) publish("fresh", timestamp);
      } else if (packet.cmd === "publish" && packet.topic.endsWith("/want")) {
        const request = decodeBlockRequest(Uint8Array.from(packet.payload as Buffer));
        if (!request.ok) return;
        const tag = tagOf(request.value.transfer);
        if (request.value.first === LEAVES_INDEX) {
          publish("block", encodeBlockResponse({ kind: "leaves", tag, bytes: leaves }));
          return;
        }
        for (const index of wantedBlocks(request.value, leaves.length / 16)) {
          const bytes = stream.subarray(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES);
          publish("block", encodeBlockResponse({ kind: "block", tag, index, bytes }));
        }
      }
    });
    socket.on("data", (bytes) => parser.parse(bytes));
    socket.on("error", () => socket.destroy());
  });
  process.on("message", (ask: { nonce?: string; go?: boolean }) => {
    if (ask.go) for (const offer of offers) offer();
    else if (ask.nonce !== undefined) {
      process.send?.({ nonce: toHex(nonces.give(ask.nonce, Date.now())), id: ask.nonce });
    }
  });
  server.listen(0, "127.0.0.1", 4_096, () => process.send?.({ port: (server.address() as { port: number }).port }));
});
