/** Captures as other tools and rooms give them, and as an attacker would: what `air decode` makes of a file. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { foundAsJson, readFrames } from "#cli/air/frames.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import {
  airKiss,
  type Draw,
  drawsOf,
  esptouchV1,
  esptouchV2,
  type Sent,
  ti,
  tuya,
  type Wanted,
} from "../../wire/air/other-senders.ts";
import { decodeFrames } from "./decode-frames.ts";

type Line = Record<string, unknown> & { us: number };
const BSSID = "a0b1c2d3e4f5";
const PHONE = "02aabbccddee";
const folder = mkdtempSync(join(tmpdir(), "latchkey-captures-"));
const below = (draw: Draw, limit: number) => Math.floor(draw() * limit);

const SENDERS = {
  "esptouch-v1": (wanted: Wanted, draw: Draw) => esptouchV1(wanted, draw),
  "esptouch-v2": (wanted: Wanted, draw: Draw) => esptouchV2(wanted, draw),
  airkiss: (wanted: Wanted, draw: Draw) => airKiss(wanted, draw),
  "ti-smartconfig": (wanted: Wanted, draw: Draw) => ti("cc3200", wanted, draw),
  "tuya-ez": (wanted: Wanted, draw: Draw) => tuya(wanted, draw, "lengths"),
} as const;
type Name = keyof typeof SENDERS;
const NAMES = Object.keys(SENDERS) as Name[];

function wantedOf(name: Name, draw: Draw): Wanted {
  const text = (byteLength: number) => Buffer.from(Array.from({ length: byteLength }, () => 33 + below(draw, 94)));
  const reserved = Buffer.alloc(0);
  return { ssid: text(10), passphrase: text(12), reserved: name === "tuya-ez" ? text(14) : reserved };
}

const said = (protocol: Name, { ssid, passphrase, reserved }: Wanted) => ({
  protocol,
  ssid: ssid.toString("hex"),
  passphrase: passphrase.toString("hex"),
  reserved: reserved.toString("hex"),
});

/** A transmitter that numbers what it sends. */
function transmitter(first: number) {
  let seq = first;
  return (line: Omit<Line, "seq">): Line => {
    seq = (seq + 1) % 4096;
    return { ...line, seq } as unknown as Line;
  };
}

function line({ atMs, length, da }: Sent, change: Record<string, unknown> = {}): Omit<Line, "seq"> {
  const isUp = da === BSSID;
  return {
    us: 1000 * atMs + 500,
    bssid: BSSID,
    sa: PHONE,
    da,
    bodyBytes: length + 52,
    retry: false,
    ds: isUp ? "to" : "from",
    channel: 6,
    ...change,
  };
}

function decode(lines: readonly (Line | string)[], end = "\n") {
  const path = join(folder, "capture.jsonl");
  writeFileSync(path, lines.map((each) => (typeof each === "string" ? each : JSON.stringify(each))).join(end));
  return foundAsJson(decodeFrames(readFrames(path), undefined, nodePrimitives));
}

/** A sender's frames as one access point relays them. */
function relayed(name: Name, wanted: Wanted, draw: Draw): Line[] {
  const send = transmitter(below(draw, 4096));
  return SENDERS[name](wanted, draw).map((sent) => send(line(sent)));
}

test.each(NAMES)(
  "%s: lines in any order, with Windows' ends, blank lines, other tools' keys and colons in addresses",
  (name) => {
    const draw = drawsOf(`order ${name}`);
    const wanted = wantedOf(name, draw);
    const lines = relayed(name, wanted, draw).map((each) => ({
      rssi: -40,
      note: { any: [1] },
      ...each,
      sa: "02:AA:BB:CC:DD:EE",
    }));
    const shuffled = lines.map((each) => [draw(), each] as const).sort(([a], [b]) => a - b);
    expect(decode(["", ...shuffled.map(([, each]) => each), "  "], "\r\n")).toMatchObject(said(name, wanted));
  },
);

test.each(NAMES)(
  "%s: each datagram heard three times over, on its way up, repeated, and relayed by two access points",
  (name) => {
    const draw = drawsOf(`copies ${name}`);
    const wanted = wantedOf(name, draw);
    const up = transmitter(below(draw, 4096));
    const [down, second] = [transmitter(below(draw, 4096)), transmitter(below(draw, 4096))];
    const lines = SENDERS[name](wanted, draw).flatMap((sent) => {
      const isUp = sent.da === BSSID;
      const own = up(line(sent, { ds: "to" }));
      const repeats = draw() < 0.3 ? [{ ...own, us: own.us + 300, retry: true }] : [];
      const relays = isUp
        ? []
        : [down(line(sent, { us: own.us + 2000 })), second(line(sent, { us: own.us + 2300, bssid: "a0b1c2d3e4f6" }))];
      return [own, ...repeats, ...relays].filter(() => draw() > 0.2);
    });
    expect(decode(lines)).toMatchObject(said(name, wanted));
  },
);

test("two phones at once: what is found is one's or the other's, never a mixture", () => {
  const silent: string[] = [];
  for (const [i, first] of NAMES.entries()) {
    for (const second of NAMES.slice(i)) {
      const draw = drawsOf(`two ${first} ${second}`);
      const [a, b] = [wantedOf(first, draw), wantedOf(second, draw)];
      const down = transmitter(below(draw, 4096));
      const both = [
        ...SENDERS[first](a, draw).map((sent) => line(sent)),
        ...SENDERS[second](b, draw).map((sent) => line(sent, { sa: "02aabbccddef" })),
      ].sort((one, other) => (one.us as number) - (other.us as number));
      const ups = new Map([PHONE, "02aabbccddef"].map((sa) => [sa, transmitter(below(draw, 4096))]));
      const number = (each: Omit<Line, "seq">) =>
        (each.ds === "to" ? ups.get(each.sa as string) : down)?.(each) as Line;
      const lines = both.map(number).filter(() => draw() > 0.1);
      const found = { ...decode(lines), us: undefined };
      // Two that interleave frame by frame cost each other places; what is not certain is not said.
      if (Object.keys(found).length === 1) silent.push(`${first} and ${second}`);
      else expect([JSON.stringify(said(first, a)), JSON.stringify(said(second, b))]).toContain(JSON.stringify(found));
    }
  }
  expect(silent).toEqual([]);
});

test.each(NAMES)("%s: another station's traffic of the same lengths, and the phone's own, spoil nothing", (name) => {
  for (let run = 0; run < 12; run++) {
    const draw = drawsOf(`lengths ${name} ${run}`);
    const wanted = wantedOf(name, draw);
    const sent = SENDERS[name](wanted, draw);
    const lengths = sent.map(({ length }) => length);
    const down = transmitter(below(draw, 4096));
    const lines = sent
      .flatMap((each) => {
        const like = (sa: string) => line({ ...each, length: lengths[below(draw, lengths.length)] as number }, { sa });
        const others = draw() < 0.3 ? [like("5c0102030405")] : [];
        return [...others, ...(draw() < 0.02 ? [like(PHONE)] : []), line(each)];
      })
      .map((each) => down(each))
      .filter(() => draw() > 0.25);
    const found = { ...decode(lines), us: undefined };
    if (Object.keys(found).length > 1) expect(found).toEqual({ ...said(name, wanted), us: undefined });
  }
});

test("AirKiss with holes in its groups: neighbours are never spliced, also where seven bits of CRC would let them through", () => {
  let wholes = 0;
  for (let run = 0; run < 24; run++) {
    const draw = drawsOf(`holes ${run}`);
    const wanted = wantedOf("airkiss", draw);
    const down = transmitter(below(draw, 4096));
    const other = () => line({ atMs: 0, length: 300, da: "ffffffffffff" }, { sa: "5c0102030405" });
    const lines = SENDERS.airkiss(wanted, draw)
      .flatMap((each) => (draw() < 0.1 ? [{ ...other(), us: 1000 * each.atMs }, line(each)] : [line(each)]))
      .map((each) => down(each))
      .filter(() => draw() > 0.45);
    const found = { ...decode(lines), us: undefined };
    if (Object.keys(found).length === 1) continue;
    wholes++;
    expect(found).toEqual({ ...said("airkiss", wanted), us: undefined });
  }
  expect(wholes).toBeGreaterThan(8);
});

test.each([
  ["{", "line 2: not JSON"],
  ["7", "line 2: not a JSON object"],
  ["[]", "line 2: not a JSON object"],
  [JSON.stringify({ us: 1 }), 'line 2: ds: "from" or "to"'],
  [JSON.stringify(line({ atMs: 1, length: 1, da: "ffffffffffff" })), "line 2: seq: a whole number, 0 to 4095"],
  [JSON.stringify({ ...line({ atMs: 1, length: 1, da: "ff" }), seq: 1 }), "line 2: da: six bytes in hexadecimal"],
  [JSON.stringify({ ...line({ atMs: 1, length: 1, da: BSSID }), seq: 4096 }), "line 2: seq: a whole number, 0 to 4095"],
  [
    JSON.stringify({ ...line({ atMs: 1, length: 1, da: BSSID }), seq: 1, bodyBytes: -1 }),
    "line 2: bodyBytes: a whole number, 0 to 65535",
  ],
  [JSON.stringify({ ...line({ atMs: 1, length: 1, da: BSSID }), seq: 1.5 }), "line 2: seq: a whole number, 0 to 4095"],
])("a line that is none says which and why: %s", (bad, message) => {
  expect(() => decode(["", bad])).toThrow(message);
});

test("an empty file, and one with frames that say nothing, give {}", () => {
  expect(decode([])).toEqual({});
  const down = transmitter(0);
  const lines = Array.from({ length: 500 }, (_, i) => down(line({ atMs: i, length: 1400, da: "ffffffffffff" })));
  expect(decode(lines)).toEqual({});
});
