import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { fromHex, toHex } from "#base/bytes.ts";
import { utf8 } from "#base/utf8.ts";
import { foundAsJson } from "#cli/air/frames.ts";
import { ENCODED_PROTOCOLS, type EncodedProtocol } from "#cli/air/vectors.ts";
import { openAir, sealAir } from "#trust/air-seal.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { encodeAirRing } from "#wire/air/air.ts";
import type { Frame } from "#wire/air/frame.ts";
import { decodeFrames } from "./decode-frames.ts";

interface Vector {
  readonly id: string;
  readonly input: Record<string, string | null>;
  readonly expected: Record<string, never>;
}

function vectorsOf(protocol: EncodedProtocol): Vector[] {
  const own = JSON.parse(readFileSync(`test/vectors/smartconfig/${protocol}.json`, "utf8")) as {
    id: string;
    input: { input: Record<string, string> };
    expect: Record<string, never>;
  }[];
  const vectors: Vector[] = own.map(({ id, input, expect }) => ({ id, input: input.input, expected: expect }));
  const shared = `../shared/vectors/smartconfig/${protocol.replace("-", "_")}.json`;
  if (!existsSync(shared)) return vectors;
  return [...vectors, ...(JSON.parse(readFileSync(shared, "utf8")) as { vectors: Vector[] }).vectors];
}

const repeat = (times: number, lengths: readonly number[]) => Array.from({ length: times }, () => lengths).flat();

/** Lengths as a sender puts them on the air, from what a vector expects. */
function lengthsOf(protocol: EncodedProtocol, expected: Record<string, never>): number[] {
  const e = expected as unknown as Record<string, number[]>;
  const get = (key: string) => e[key] as number[];
  switch (protocol) {
    case "esptouch-v1":
      return [...repeat(20, get("guideLengths")), ...repeat(3, get("dataLengths"))];
    case "esptouch-v2":
      return repeat(3, get("packetLengths"));
    case "airkiss":
      return [
        ...repeat(20, get("guide")),
        ...repeat(5, get("magic")),
        ...repeat(3, [...get("prefix"), ...get("dataGroups")]),
      ];
    case "ti-smartconfig":
      return repeat(2, get("onAirOrder"));
    case "tuya-ez":
      return [...repeat(10, get("broadcastHead")), ...repeat(3, get("broadcastBody"))];
  }
}

const bssid = Uint8Array.of(0xa0, 0xb1, 0xc2, 0xd3, 0xe4, 0xf5);
const sa = Uint8Array.of(2, 0, 0, 0, 0, 1);
const everyone = new Uint8Array(6).fill(0xff);

function framesOf(lengths: readonly number[], overheadBytes: number, change: Partial<Frame> = {}): Frame[] {
  return lengths.map((length, i) => ({
    us: 1000 + 5000 * i,
    channel: 6,
    bssid,
    sa,
    da: everyone,
    seq: (4000 + i) % 4096,
    bodyBytes: length + overheadBytes,
    retry: false,
    ds: "from",
    ...change,
  }));
}

const asText = (value: string | null | undefined, isText: boolean) =>
  isText ? toHex(utf8(value ?? "")) : (value ?? "");

test.each(ENCODED_PROTOCOLS)("%s: every vector is decoded, whatever the cipher", (protocol) => {
  const isText = protocol === "tuya-ez";
  for (const [i, { id, input, expected }] of vectorsOf(protocol).entries()) {
    const overheadBytes = [36, 44, 52, 56][i % 4] as number;
    const isTi = protocol === "ti-smartconfig";
    const change: Partial<Frame> = isTi ? { ds: "to", da: bssid } : {};
    const key = input.aesKey == null ? undefined : fromHex(input.aesKey);
    const found = decodeFrames(framesOf(lengthsOf(protocol, expected), overheadBytes, change), key, nodePrimitives);
    expect({ id, ...foundAsJson(found) }).toMatchObject({
      id,
      protocol,
      ssid: asText(input.ssid, isText),
      passphrase: asText(input.password, isText),
    });
    if (protocol === "esptouch-v2") expect(toHex(found?.reserved ?? sa)).toBe(input.reserved);
    if (isTi && (input.freeData?.length ?? 0) > 2) expect(toHex(found?.reserved ?? sa)).toBe(input.freeData);
  }
});

test("tuya-ez: multicast addresses are decoded too", () => {
  for (const { input, expected } of vectorsOf("tuya-ez")) {
    const { multicastHead, multicastBody } = expected as unknown as Record<string, string[]>;
    const groups = [...(multicastHead as string[]), ...(multicastBody as string[])];
    const frames = groups.map((group, i): Frame => {
      const [, b = 0, c = 0, d = 0] = group.split(".").map(Number);
      return { ...(framesOf([1], 52)[0] as Frame), us: i * 5000, seq: i, da: Uint8Array.of(1, 0, 0x5e, b, c, d) };
    });
    expect(foundAsJson(decodeFrames(frames, undefined, nodePrimitives))).toMatchObject({
      protocol: "tuya-ez",
      ssid: toHex(utf8(input.ssid as string)),
      passphrase: toHex(utf8(input.password as string)),
    });
  }
});

test("a sealed message without its key, or with another, is not found", () => {
  for (const { input, expected } of vectorsOf("esptouch-v2")) {
    if (input.aesKey == null || (input.password === "" && input.reserved === "")) continue;
    const frames = framesOf(lengthsOf("esptouch-v2", expected), 52);
    expect(decodeFrames(frames, undefined, nodePrimitives)).toBeUndefined();
    expect(decodeFrames(frames, new Uint8Array(16), nodePrimitives)).toBeUndefined();
  }
});

test("the command line decodes a file of frames under an air key, and says {} or what is wrong", () => {
  const airKey = new Uint8Array(32).fill(3);
  const body = { ssid: utf8("Café"), passphrase: utf8("secret words"), extra: utf8("claim"), timeHintS: 1_800_000_000 };
  const sealed = sealAir(body, airKey, 1_800_000_000, nodePrimitives);
  if (!sealed.ok) throw new Error(sealed.fault);
  expect(openAir(sealed.value, airKey, nodePrimitives)).toMatchObject({ ok: true, value: body });
  const folder = mkdtempSync(join(tmpdir(), "latchkey-air-"));
  const file = join(folder, "frames.jsonl");
  const ring = encodeAirRing(sealed.value);
  const lines = framesOf(repeat(2, ring), 52).map((frame) =>
    JSON.stringify({ ...frame, bssid: toHex(frame.bssid), sa: toHex(frame.sa), da: toHex(frame.da) }),
  );
  writeFileSync(file, lines.join("\n"));
  const run = (...args: string[]) =>
    execFileSync(process.execPath, ["bin/latchkey.mjs", "air", "decode", "--frames", ...args], {
      stdio: "pipe",
    }).toString();
  expect(JSON.parse(run(file, "--key", toHex(airKey)))).toMatchObject({
    protocol: "air",
    ssid: toHex(body.ssid),
    passphrase: toHex(body.passphrase),
    reserved: toHex(body.extra),
  });
  expect(run(file)).toBe("{}\n");
  writeFileSync(file, `${lines[0]}\n{"us":1}\n`);
  expect(() => run(file)).toThrow(/line 2: ds/);
});
