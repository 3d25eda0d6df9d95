/** Captures of the kernel's own 802.11 (test/linux/air), decoded by a unit with every protocol on, and without any scan. */
import { readdirSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { fromHex, toHex } from "#base/bytes.ts";
import { overhear } from "#cli/air/frames.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import type { AirProtocol } from "#wire/air/air-credentials.ts";
import type { Cipher } from "#wire/air/frame.ts";
import { createUnit } from "../../bench/air-unit.ts";
import { readCapture } from "./radiotap.ts";

const FOLDER = "test/vectors/air";

interface Case {
  readonly input: {
    readonly bssid: string;
    readonly ssid: string;
    readonly channel: number;
    readonly cipher: Cipher;
    readonly airKey: string;
  };
  readonly expect: { readonly protocol: AirProtocol; readonly ssid: string; readonly passphrase: string };
}

const bytes = (digits: string) => fromHex(digits) as Uint8Array;
const names = readdirSync(FOLDER)
  .filter((name) => name.endsWith(".json"))
  .map((name) => name.slice(0, -5));

test.each(names)("%s", (name) => {
  const { input, expect: wanted } = JSON.parse(readFileSync(`${FOLDER}/${name}.json`, "utf8")) as Case;
  const frames = readCapture(new Uint8Array(gunzipSync(readFileSync(`${FOLDER}/${name}.pcap.gz`))));
  const said = (found: { protocol: string; ssid: Uint8Array; passphrase: Uint8Array } | undefined) =>
    found && { protocol: found.protocol, ssid: toHex(found.ssid), passphrase: toHex(found.passphrase) };
  const { bssid, ssid, channel, cipher, airKey } = input;
  const unit = createUnit({
    ...{ airKey: bytes(airKey), bootedMs: 5_000 },
    networks: [{ ssid: bytes(ssid), bssid: bytes(bssid), channel, cipher, rssiDbm: -40 }],
  });
  const startUs = frames[0]?.us ?? 0;
  for (const frame of frames) {
    const us = frame.us - startUs;
    unit.advance(us);
    unit.show({ ...frame, us });
  }
  expect(said(unit.joined())).toEqual(wanted);
  // ESP-TOUCH v2 and AirKiss leave to the scan what it tells; the others say everything.
  const { found } = overhear(frames, wanted.protocol === "air" ? bytes(airKey) : undefined, nodePrimitives);
  if (wanted.protocol !== "esptouch-v2") expect(said(found)).toEqual(wanted);
});

test("there are captures of every protocol and of networks of every overhead", () => {
  const cases = names.map((name) => JSON.parse(readFileSync(`${FOLDER}/${name}.json`, "utf8")) as Case);
  const protocols = new Set(cases.map(({ expect: { protocol } }) => protocol));
  const ciphers = new Set(cases.map(({ input: { cipher } }) => cipher));
  expect([...protocols].sort()).toEqual(["air", "airkiss", "esptouch-v1", "esptouch-v2", "ti-smartconfig", "tuya-ez"]);
  expect([...ciphers].sort()).toEqual(["ccmp", "gcmp", "mixed", "open"]);
});
