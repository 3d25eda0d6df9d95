/**
 * The messages between a unit and its radio co-processor, in the frames of line-frame.ts.
 * @source PROTOCOL 9.1
 */
import { concat, viewOf } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import { SNTP_PORT } from "#codec/sntp.ts";
import type { AccessPoint, Cipher, Frame } from "#wire/air/frame.ts";
import { encodeLineFrame, LINE_PAYLOAD_BYTES_MAX, type LineFrame } from "./line-frame.ts";

const CIPHERS: readonly Cipher[] = ["open", "wep", "ccmp", "tkip", "mixed", "gcmp"];
/** Flags of a frame report; the traffic identifier of a QoS frame stands above them. */
const [RETRY, TO_DS, QOS] = [1, 2, 4] as const;
const JOIN_FAILURES = ["no-network", "refused", "no-address"] as const;

/** What a unit asks of its radio. */
export type RadioCommand =
  | { readonly kind: "scan" }
  /** Channel of 2.4 GHz (1 to 14) or 5 GHz (36 to 177), or 0 to stop. */
  | { readonly kind: "listen"; readonly channel: number }
  | { readonly kind: "join"; readonly ssid: Uint8Array; readonly passphrase: Uint8Array }
  | { readonly kind: "leave" }
  /** An empty SSID closes the unit's own access point. */
  | { readonly kind: "access-point"; readonly ssid: Uint8Array }
  /** Two upper-case letters of ISO 3166-1. */
  | { readonly kind: "country"; readonly code: Uint8Array };

/** What a radio tells its unit; the kinds and shapes of the port's events. */
export type RadioReport =
  | ({ readonly kind: "radio-frame" } & Frame)
  | { readonly kind: "radio-scan"; readonly accessPoints: readonly AccessPoint[] }
  | {
      readonly kind: "radio-joined";
      readonly ipv4: string;
      readonly mac: Uint8Array;
      readonly bssid: Uint8Array;
      /** HOST:PORT of servers of the time, at most 4: where the co-processor has asked DHCP for the unit, as the simulated one. */
      readonly timeServers?: readonly string[];
    }
  | { readonly kind: "radio-join-failed"; readonly reason: (typeof JOIN_FAILURES)[number] }
  | { readonly kind: "radio-left" }
  /** An empty address says that the unit's own access point is closed. */
  | { readonly kind: "radio-access-point"; readonly ipv4: string };

const JOINED_BYTES = 16;
const TIME_SERVER_BYTES = 6;
const TIME_SERVERS_MAX = 4;

/** An IPv4 address and a port as six bytes. */
function timeServerBytes(server: string): Uint8Array {
  const [ipv4 = "", port] = server.split(":");
  const number = Number(port ?? SNTP_PORT);
  return concat(ipv4Bytes(ipv4), Uint8Array.of(number & 0xff, number >> 8));
}

function timeServersIn(bytes: Uint8Array): readonly string[] {
  const servers: string[] = [];
  for (let at = 0; at < bytes.length; at += TIME_SERVER_BYTES) {
    servers.push(`${bytes.subarray(at, at + 4).join(".")}:${viewOf(bytes).getUint16(at + 4, true)}`);
  }
  return servers;
}

const ipv4Bytes = (ipv4: string): Uint8Array => Uint8Array.from(ipv4.split("."), Number);

/** A byte string of at most 255 bytes behind its length. */
function counted(bytes: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(bytes.length), bytes);
}

/** The bytes of a command, unit to radio. SSIDs are at most 32 bytes, passphrases 64. */
export function encodeRadioCommand(command: RadioCommand): Uint8Array {
  switch (command.kind) {
    case "scan":
      return encodeLineFrame(0x01, new Uint8Array(0));
    case "listen":
      return encodeLineFrame(0x02, Uint8Array.of(command.channel));
    case "join":
      return encodeLineFrame(0x03, concat(counted(command.ssid), counted(command.passphrase)));
    case "leave":
      return encodeLineFrame(0x04, new Uint8Array(0));
    case "access-point":
      return encodeLineFrame(0x05, counted(command.ssid));
    case "country":
      return encodeLineFrame(0x06, command.code);
  }
}

/** @returns The command, or RADIO_LINE for an unknown type, a length that doesn't fit, an SSID or passphrase too long. */
export function decodeRadioCommand({ type, payload }: LineFrame): Result<RadioCommand> {
  const bad = refuse("RADIO_LINE");
  switch (type) {
    case 0x01:
      return payload.length === 0 ? ok({ kind: "scan" }) : bad;
    case 0x02:
      return payload.length === 1 ? ok({ kind: "listen", channel: payload[0] as number }) : bad;
    case 0x03: {
      const ssidBytes = payload[0] ?? 0;
      const passphraseBytes = payload[1 + ssidBytes];
      if (ssidBytes > 32 || passphraseBytes === undefined || passphraseBytes > 64) return bad;
      if (payload.length !== 2 + ssidBytes + passphraseBytes) return bad;
      return ok({ kind: "join", ssid: payload.slice(1, 1 + ssidBytes), passphrase: payload.slice(2 + ssidBytes) });
    }
    case 0x04:
      return payload.length === 0 ? ok({ kind: "leave" }) : bad;
    case 0x05: {
      const ssidBytes = payload[0];
      if (ssidBytes === undefined || ssidBytes > 32 || payload.length !== 1 + ssidBytes) return bad;
      return ok({ kind: "access-point", ssid: payload.slice(1) });
    }
    case 0x06:
      return payload.length === 2 ? ok({ kind: "country", code: payload.slice() }) : bad;
    default:
      return bad;
  }
}

/** The bytes of a report, radio to unit. A scan is cut to the networks that fit one frame: give the strongest first. */
export function encodeRadioReport(report: RadioReport): Uint8Array {
  switch (report.kind) {
    case "radio-frame": {
      const payload = new Uint8Array(32);
      const view = viewOf(payload);
      view.setUint32(0, report.us >>> 0, true);
      view.setUint32(4, Math.floor(report.us / 0x1_0000_0000), true);
      payload[8] = report.channel;
      const qos = report.tid === undefined ? 0 : QOS | (report.tid << 4);
      payload[9] = (report.retry ? RETRY : 0) | (report.ds === "to" ? TO_DS : 0) | qos;
      view.setUint16(10, report.seq, true);
      view.setUint16(12, report.bodyBytes, true);
      payload.set(report.bssid, 14);
      payload.set(report.sa, 20);
      payload.set(report.da, 26);
      return encodeLineFrame(0x81, payload);
    }
    case "radio-scan": {
      const parts: Uint8Array[] = [];
      let byteLength = 1;
      for (const { ssid, bssid, channel, rssiDbm, cipher } of report.accessPoints) {
        const part = concat(counted(ssid), bssid, Uint8Array.of(channel, rssiDbm & 0xff, CIPHERS.indexOf(cipher)));
        if (byteLength + part.length > LINE_PAYLOAD_BYTES_MAX) break;
        byteLength += part.length;
        parts.push(part);
      }
      return encodeLineFrame(0x82, concat(Uint8Array.of(parts.length), ...parts));
    }
    case "radio-joined":
      return encodeLineFrame(
        0x83,
        concat(ipv4Bytes(report.ipv4), report.mac, report.bssid, ...(report.timeServers ?? []).map(timeServerBytes)),
      );
    case "radio-join-failed":
      return encodeLineFrame(0x84, Uint8Array.of(1 + JOIN_FAILURES.indexOf(report.reason)));
    case "radio-left":
      return encodeLineFrame(0x85, new Uint8Array(0));
    case "radio-access-point":
      return encodeLineFrame(0x86, report.ipv4 === "" ? new Uint8Array(0) : ipv4Bytes(report.ipv4));
  }
}

/** @returns The report, or RADIO_LINE for an unknown type, a length that doesn't fit, or a number out of its range. */
export function decodeRadioReport({ type, payload }: LineFrame): Result<RadioReport> {
  const bad = refuse("RADIO_LINE");
  const view = viewOf(payload);
  switch (type) {
    case 0x81: {
      if (payload.length !== 32) return bad;
      const flags = payload[9] as number;
      return ok({
        kind: "radio-frame",
        us: view.getUint32(4, true) * 0x1_0000_0000 + view.getUint32(0, true),
        channel: payload[8] as number,
        retry: (flags & RETRY) !== 0,
        ds: (flags & TO_DS) !== 0 ? "to" : "from",
        ...(flags & QOS ? { tid: flags >> 4 } : {}),
        seq: view.getUint16(10, true) & 0xfff,
        bodyBytes: view.getUint16(12, true),
        bssid: payload.slice(14, 20),
        sa: payload.slice(20, 26),
        da: payload.slice(26, 32),
      });
    }
    case 0x82: {
      const accessPoints: AccessPoint[] = [];
      let at = 1;
      for (let i = 0; i < (payload[0] ?? 0); i++) {
        const ssidBytes = payload[at] ?? 255;
        const rest = at + 1 + ssidBytes;
        const cipher = CIPHERS[payload[rest + 8] ?? 255];
        if (ssidBytes > 32 || rest + 9 > payload.length || cipher === undefined) return bad;
        accessPoints.push({
          ssid: payload.slice(at + 1, rest),
          bssid: payload.slice(rest, rest + 6),
          channel: payload[rest + 6] as number,
          rssiDbm: view.getInt8(rest + 7),
          cipher,
        });
        at = rest + 9;
      }
      return payload.length === at ? ok({ kind: "radio-scan", accessPoints }) : bad;
    }
    case 0x83: {
      const servers = (payload.length - JOINED_BYTES) / TIME_SERVER_BYTES;
      if (!Number.isInteger(servers) || servers < 0 || servers > TIME_SERVERS_MAX) return bad;
      const joined = { mac: payload.slice(4, 10), bssid: payload.slice(10, JOINED_BYTES) };
      const timeServers = timeServersIn(payload.subarray(JOINED_BYTES));
      const ipv4 = payload.subarray(0, 4).join(".");
      return ok({ kind: "radio-joined", ipv4, ...joined, ...(servers > 0 && { timeServers }) });
    }
    case 0x84: {
      const reason = JOIN_FAILURES[(payload[0] ?? 0) - 1];
      return payload.length === 1 && reason !== undefined ? ok({ kind: "radio-join-failed", reason }) : bad;
    }
    case 0x85:
      return payload.length === 0 ? ok({ kind: "radio-left" }) : bad;
    case 0x86:
      if (payload.length !== 0 && payload.length !== 4) return bad;
      return ok({ kind: "radio-access-point", ipv4: payload.join(".") });
    default:
      return bad;
  }
}
