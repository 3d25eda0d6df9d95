import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { ENCODED_PROTOCOLS, type EncodedProtocol, encodeVector } from "#cli/air/vectors.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";

interface Case {
  readonly id: string;
  readonly line: string;
  readonly expected: object;
}

/** Our own subset, and every published vector where the shared folder is there. */
function casesOf(protocol: EncodedProtocol): Case[] {
  const own = JSON.parse(readFileSync(`test/vectors/smartconfig/${protocol}.json`, "utf8")) as {
    id: string;
    input: object;
    expect: object;
  }[];
  const cases = own.map(({ id, input, expect }) => ({ id, line: JSON.stringify(input), expected: expect }));
  const shared = `../shared/vectors/smartconfig/${protocol.replace("-", "_")}.json`;
  if (!existsSync(shared)) return cases;
  const { vectors } = JSON.parse(readFileSync(shared, "utf8")) as { vectors: { id: string; expected: object }[] };
  return [...cases, ...vectors.map((each) => ({ id: each.id, line: JSON.stringify(each), expected: each.expected }))];
}

test.each(ENCODED_PROTOCOLS)("%s: every vector is reproduced exactly", (protocol) => {
  for (const { id, line, expected } of casesOf(protocol)) {
    expect({ id, ...encodeVector(protocol, line, nodePrimitives) }).toEqual({ id, ...expected });
  }
});

test.each([
  ["esptouch-v1", "not JSON", "AIR_FIELD"],
  ["esptouch-v1", "{}", "AIR_FIELD"],
  ["esptouch-v1", '{"input":{"ssid":"","bssid":"a0b1c2d3e4f5","password":"","ip":"1.2.3.4"}}', "AIR_FIELD"],
  ["esptouch-v1", '{"input":{"ssid":"41","bssid":"a0b1c2d3e4f5","password":"","ip":"1.2.3.400"}}', "AIR_FIELD"],
  [
    "esptouch-v1",
    `{"input":{"ssid":"41","bssid":"a0b1c2d3e4f5","password":"${"61".repeat(65)}","ip":"1.2.3.4"}}`,
    "AIR_FIELD",
  ],
  [
    "esptouch-v2",
    '{"input":{"ssid":"41","bssid":"a0b1c2d3e4f5","password":"61","reserved":"","aesKey":null,"securityVersion":0,"portMark":0,"ipv6":false},"senderRandomness":{"padding":{"password":"01","ssid":"0102030405"},"iv20":""}}',
    "AIR_RANDOMNESS",
  ],
  [
    "esptouch-v2",
    '{"input":{"ssid":"41","bssid":"a0b1c2d3e4f5","password":"61","reserved":"","aesKey":null,"securityVersion":1,"portMark":0,"ipv6":false}}',
    "AIR_FIELD",
  ],
  ["airkiss", '{"input":{"ssid":"41","password":"","random":256,"aesKey":null}}', "AIR_FIELD"],
  ["airkiss", '{"input":{"ssid":"4","password":"","random":1,"aesKey":null}}', "AIR_FIELD"],
  ["ti-smartconfig", '{"variant":"cc4000","input":{"ssid":"41","password":""}}', "AIR_FIELD"],
  ["ti-smartconfig", `{"variant":"cc3000","input":{"ssid":"41","password":"${"61".repeat(33)}"}}`, "AIR_FIELD"],
  ["tuya-ez", '{"input":{"ssid":"a","password":"","region":"EUR","token":"1234567","secret":"0101"}}', "AIR_FIELD"],
] as const)("%s refuses %s", (protocol, line, fault) => {
  expect(encodeVector(protocol, line, nodePrimitives)).toEqual({ fault });
});
