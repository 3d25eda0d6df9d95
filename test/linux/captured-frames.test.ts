/** The radio process reads the captures of test/vectors/air as the reader of the tests does, frame by frame. */
import { readdirSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { concat, toHex } from "#base/bytes.ts";
import { packetsOf, readCapture } from "../wire/air/radiotap.ts";
import { radioCheck } from "./radio-check.ts";

const FOLDER = "test/vectors/air";

test.each(readdirSync(FOLDER).filter((name) => name.endsWith(".pcap.gz")))("%s", (name) => {
  const file = new Uint8Array(gunzipSync(readFileSync(`${FOLDER}/${name}`)));
  // What the capture cut off is no more than counted.
  const whole = packetsOf(file).map(({ packet, onAirBytes }) =>
    concat(Uint8Array.of(onAirBytes & 255, onAirBytes >> 8, 0, 0), packet, new Uint8Array(onAirBytes - packet.length)),
  );
  const frames = readCapture(file).map(({ channel, seq, bodyBytes, retry, ds, tid, bssid, sa, da }) =>
    [channel, seq, bodyBytes, Number(retry), Number(ds === "to"), tid ?? -1, toHex(concat(bssid, sa, da))].join(" "),
  );
  expect(frames.length).toBeGreaterThan(50);
  expect(radioCheck("frames", concat(...whole))).toEqual(frames);
});
