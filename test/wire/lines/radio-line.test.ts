import { expect, test } from "vitest";
import { concat, fromHex, toHex } from "#base/bytes.ts";
import { LINE_PAYLOAD_BYTES_MAX, lineFrameReader } from "#wire/lines/line-frame.ts";
import {
  decodeRadioCommand,
  decodeRadioReport,
  encodeRadioCommand,
  encodeRadioReport,
  type RadioCommand,
  type RadioReport,
} from "#wire/lines/radio-line.ts";

const bssid = fromHex("a0b1c2d3e4f5") as Uint8Array;
const mac = fromHex("020000000001") as Uint8Array;
const all = fromHex("ffffffffffff") as Uint8Array;

const COMMANDS: readonly RadioCommand[] = [
  { kind: "scan" },
  { kind: "listen", channel: 11 },
  { kind: "join", ssid: Uint8Array.of(0xc5, 0xc5), passphrase: new Uint8Array(64).fill(7) },
  { kind: "join", ssid: new Uint8Array(32), passphrase: new Uint8Array(0) },
  { kind: "leave" },
  { kind: "access-point", ssid: Uint8Array.of(65) },
  { kind: "country", code: Uint8Array.of(68, 69) },
];

const REPORTS: readonly RadioReport[] = [
  {
    kind: "radio-frame",
    us: 0x1_2345_6789,
    channel: 6,
    retry: true,
    ds: "to",
    seq: 4095,
    bodyBytes: 1500,
    bssid,
    sa: mac,
    da: all,
  },
  {
    kind: "radio-frame",
    us: 0x1_2345_6789,
    channel: 6,
    retry: false,
    ds: "from",
    tid: 15,
    seq: 4095,
    bodyBytes: 1500,
    bssid,
    sa: mac,
    da: all,
  },
  {
    kind: "radio-scan",
    accessPoints: [
      { ssid: new Uint8Array(0), bssid, channel: 1, rssiDbm: -84, cipher: "open" },
      { ssid: Uint8Array.of(65, 66), bssid: mac, channel: 14, rssiDbm: -1, cipher: "mixed" },
      { ssid: Uint8Array.of(67), bssid: mac, channel: 36, rssiDbm: -1, cipher: "gcmp" },
    ],
  },
  { kind: "radio-joined", ipv4: "127.20.0.255", mac, bssid },
  { kind: "radio-join-failed", reason: "no-address" },
  { kind: "radio-left" },
];

test("a frame is laid out as PROTOCOL 9.1 says", () => {
  // The CRC is zlib's over 02 01 00 06.
  expect(toHex(encodeRadioCommand({ kind: "listen", channel: 6 }))).toBe("c50201000695d8ec63");
});

test("every command and report comes back, whatever the pieces of the stream and the noise between", () => {
  const noise = Uint8Array.of(0xc5, 1, 0xc5, 0xff, 0xff, 9, 0xc5);
  // Noise may look like the start of a long frame, which ends in a bad CRC once enough bytes have come.
  const quiet = new Uint8Array(LINE_PAYLOAD_BYTES_MAX + 8);
  const stream = concat(...COMMANDS.flatMap((command) => [noise, encodeRadioCommand(command)]), quiet);
  for (const pieceBytes of [1, 2, 7, stream.length]) {
    const read = lineFrameReader();
    const seen: unknown[] = [];
    for (let at = 0; at < stream.length; at += pieceBytes) {
      for (const frame of read(stream.subarray(at, at + pieceBytes))) {
        const command = decodeRadioCommand(frame);
        seen.push(command.ok ? command.value : command);
      }
    }
    expect(seen).toEqual(COMMANDS);
  }
  const read = lineFrameReader();
  const reports = read(concat(...REPORTS.map(encodeRadioReport))).map(decodeRadioReport);
  expect(reports).toEqual(REPORTS.map((value) => ({ ok: true, value })));
});

test("one flipped bit anywhere loses that frame and no other", () => {
  const good = encodeRadioCommand({ kind: "listen", channel: 3 });
  for (let bit = 0; bit < good.length * 8; bit++) {
    const bad = good.slice();
    bad[bit >> 3] = (bad[bit >> 3] as number) ^ (1 << (bit & 7));
    // A length grown by the flip waits for more bytes, so enough good frames follow to see it refused.
    const seen = lineFrameReader()(concat(bad, ...Array.from({ length: 80 }, () => good)));
    expect(seen).toHaveLength(80);
  }
});

test("payloads that are not their type's are refused", () => {
  for (const [type, hex] of [
    [0x01, "00"],
    [0x02, ""],
    [0x03, "2100"],
    [0x03, "0141"],
    [0x03, "01410161ff"],
    [0x05, ""],
    [0x06, ""],
  ] as const) {
    expect(decodeRadioCommand({ type, payload: fromHex(hex) as Uint8Array })).toEqual({
      ok: false,
      fault: "RADIO_LINE",
    });
  }
  for (const [type, hex] of [
    [0x81, "00"],
    [0x82, "01"],
    [0x82, `0100a0b1c2d3e4f501c006`],
    [0x82, ""],
    [0x83, "7f000001"],
    [0x84, "00"],
    [0x84, "04"],
    [0x85, "00"],
  ] as const) {
    const refused = decodeRadioReport({ type, payload: fromHex(hex) as Uint8Array });
    if (hex === "") expect(refused.ok).toBe(false);
    else expect(refused).toEqual({ ok: false, fault: "RADIO_LINE" });
  }
});

test("a scan that is too long is cut at a whole network", () => {
  const accessPoints = Array.from({ length: 40 }, (_, i) => ({
    ssid: new Uint8Array(32).fill(i),
    bssid,
    channel: 1,
    rssiDbm: -1 - i,
    cipher: "ccmp" as const,
  }));
  const frames = lineFrameReader()(encodeRadioReport({ kind: "radio-scan", accessPoints }));
  const report = decodeRadioReport(frames[0] as (typeof frames)[0]);
  expect(report).toEqual({ ok: true, value: { kind: "radio-scan", accessPoints: accessPoints.slice(0, 12) } });
});
