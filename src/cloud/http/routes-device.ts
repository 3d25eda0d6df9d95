/** The routes for devices and phones: nonces and proofs, blocks, timestamps, signed releases. */
import { toHex } from "#base/bytes.ts";
import type { Broker } from "#cloud/broker/broker.ts";
import type { LinkGate } from "#cloud/broker/link-gate.ts";
import type { Nonces } from "#cloud/broker/nonces.ts";
import type { DeviceMessages } from "#cloud/device-messages.ts";
import type { Fleet } from "#cloud/fleet.ts";
import type { TimestampSigner } from "#cloud/issuer/timestamp-signer.ts";
import type { Releases } from "#cloud/releases/releases.ts";
import type { Rollouts } from "#cloud/rollout/rollouts.ts";
import { encodeNonceAnswer } from "#wire/link/link-auth.ts";
import { TIMESTAMP_NONCE_BYTES } from "#wire/releases/timestamp.ts";
import { bytesReply, HttpRefusal, type HttpRequest, type Route } from "./route.ts";

interface DeviceRouteParts {
  readonly gate: LinkGate;
  readonly nonces: Nonces;
  /** The nonce time (up-clock.ts). */
  nonceMs(): number;
  readonly fleet: Fleet;
  readonly broker: Pick<Broker, "wantsProofs" | "speaksMqtt5" | "admit">;
  readonly deviceMessages: DeviceMessages;
  readonly timestampSigner: TimestampSigner;
  readonly releases: Releases;
  readonly rollouts: Rollouts;
  readonly counters: { connectionsRefused: number };
}

const DEVICE_ID_BYTES = 12;

/** One range of RFC 9110 section 14.1.2, or undefined when the whole is asked for; a range that isn't there refuses. */
function rangeOf(header: string | undefined, length: number): { from: number; to: number } | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  if (match === null || (match[1] === "" && match[2] === "")) return undefined;
  const [, first = "", last = ""] = match;
  const from = first === "" ? Math.max(0, length - Number(last)) : Number(first);
  const to = first === "" || last === "" ? length - 1 : Math.min(Number(last), length - 1);
  if (from > to) throw new HttpRefusal(416, `bytes 0 to ${length - 1} are here`);
  return { from, to };
}

export function deviceRoutes(parts: DeviceRouteParts): readonly Route[] {
  const { gate, nonces, nonceMs, fleet, broker, deviceMessages, timestampSigner, releases, rollouts, counters } = parts;

  /** The bytes of a transfer that may be given out now. */
  const transferOf = ({ params }: HttpRequest) => {
    const name = params.transfer ?? "";
    const carrying = releases.carrying(name);
    const transfer = releases.transfer(name);
    if (transfer === undefined || carrying.length === 0) throw new HttpRefusal(404, "no release has such a transfer");
    if (!carrying.some((each) => rollouts.isLive(each.product, each.sequence))) {
      throw new HttpRefusal(410, "its release was halted or withdrawn");
    }
    return transfer;
  };

  const deviceOf = ({ params }: HttpRequest) => {
    const device = fleet.get(params.device ?? "");
    if (device === undefined) throw new HttpRefusal(404, "no such device is enrolled");
    return device;
  };

  return [
    {
      method: "POST",
      path: "/nonce",
      summary: "A single-use nonce for a device's proof; body: the device ID, 12 bytes (PROTOCOL 7.2)",
      who: "device",
      body: "bytes",
      bodyBytesMax: DEVICE_ID_BYTES,
      replies: { 200: "application/octet-stream" },
      answer({ bytes }) {
        if (bytes.length !== DEVICE_ID_BYTES) throw new HttpRefusal(400, "send the device ID: 12 bytes");
        const nonce = nonces.give(toHex(bytes), nonceMs());
        return bytesReply(encodeNonceAnswer({ nonce, register: broker.wantsProofs, mqtt5: broker.speaksMqtt5 }));
      },
    },
    {
      method: "POST",
      path: "/proof",
      summary: "Hands in a proof before connecting to a broker that can't check it; body: 112 bytes (PROTOCOL 7.2)",
      who: "device",
      body: "bytes",
      bodyBytesMax: 256,
      replies: { 204: undefined },
      async answer({ bytes }) {
        const proof = await gate.check(undefined, bytes, nonceMs());
        if (!proof.ok) {
          counters.connectionsRefused++;
          throw new HttpRefusal(403, proof.fault);
        }
        await broker.admit(proof.value, toHex(bytes));
        return { status: 204, body: "" };
      },
    },
    {
      method: "GET",
      path: "/v1/blocks/{transfer}",
      summary: "A transfer's bytes, whole or by Range; a device checks every block against its release",
      who: "device",
      replies: { 200: "application/octet-stream", 206: "application/octet-stream" },
      answer(ask) {
        const { bytes } = transferOf(ask);
        const headers = {
          "content-type": "application/octet-stream",
          "accept-ranges": "bytes",
          etag: `"${ask.params.transfer}"`,
        };
        const range = rangeOf(ask.headers.range, bytes.length);
        if (range === undefined) return { status: 200, headers, body: bytes };
        const contentRange = `bytes ${range.from}-${range.to}/${bytes.length}`;
        return {
          status: 206,
          headers: { ...headers, "content-range": contentRange },
          body: bytes.subarray(range.from, range.to + 1),
        };
      },
    },
    {
      method: "GET",
      path: "/v1/leaves/{transfer}",
      summary: "The hash list of a transfer's blocks (PROTOCOL 8.4)",
      who: "device",
      replies: { 200: "application/octet-stream" },
      answer: (ask) => bytesReply(transferOf(ask).leaves),
    },
    {
      method: "POST",
      path: "/v1/devices/{device}/fresh",
      summary: "A timestamp over a device's nonce, carried by whoever reaches both; body: 16 bytes (PROTOCOL 8.12)",
      who: "device",
      body: "bytes",
      bodyBytesMax: TIMESTAMP_NONCE_BYTES,
      replies: { 200: "application/octet-stream" },
      answer(ask) {
        const device = deviceOf(ask);
        if (ask.bytes.length !== TIMESTAMP_NONCE_BYTES) throw new HttpRefusal(400, "send the device's nonce: 16 bytes");
        const timestamp = timestampSigner.timestamp(
          device.product,
          device.id,
          deviceMessages.currentFor(device),
          ask.bytes,
          Date.now(),
        );
        if (timestamp === undefined) throw new HttpRefusal(503, "the timestamp key of this product isn't here");
        deviceMessages.counts.timestamps++;
        return bytesReply(timestamp);
      },
    },
    {
      method: "GET",
      path: "/v1/devices/{device}/release",
      summary: "The signed release that a device should have now; 204 when there is none",
      who: "device",
      replies: { 200: "application/octet-stream", 204: undefined },
      answer(ask) {
        const release = deviceMessages.currentFor(deviceOf(ask));
        return release === undefined ? { status: 204, body: "" } : bytesReply(release.signed);
      },
    },
    {
      method: "GET",
      path: "/v1/products/{product}/keyset",
      summary: "The signed key set of a product (PROTOCOL 8.11)",
      who: "device",
      replies: { 200: "application/octet-stream" },
      answer({ params }) {
        const keys = timestampSigner.keysOf(params.product ?? "");
        if (keys === undefined) throw new HttpRefusal(404, "no keys of such a product are here");
        return bytesReply(keys.signedKeyset);
      },
    },
    {
      method: "GET",
      path: "/healthz",
      summary: "Says that the process is up",
      who: "device",
      replies: { 200: "text/plain" },
      answer: () => ({ status: 200, headers: { "content-type": "text/plain" }, body: "ok\n" }),
    },
  ];
}
