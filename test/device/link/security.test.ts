/** What the link asks of TLS for each connection, by what the unit knows of the time. */
import { expect, test } from "vitest";
import { FAULTS } from "#base/faults.ts";
import { utf8 } from "#base/utf8.ts";
import { type Cbor, encodeCbor } from "#codec/cbor.ts";
import { createLink } from "#device/link/link.ts";
import { LINK_TIMES } from "#device/link/settings.ts";
import type { DeviceEvent, Effect } from "#device/machine.ts";
import { nodePrimitives as crypto } from "#trust/host/node-primitives.ts";
import { OWN, PROVISIONED } from "#wire/flash/stored-names.ts";
import { startOf } from "../start-of.ts";

const DER = Uint8Array.of(0x30, 1, 0);
const BUILT_S = 1_790_000_000;

/** Runs the link through events. @returns The effects of the last one. */
function effectsOf(tls: Cbor | undefined, floorS: number | undefined, events: readonly object[]): readonly Effect[] {
  const values = new Map<string, Uint8Array>([
    [OWN.key, new Uint8Array(32).fill(1)],
    [PROVISIONED.fleet, utf8("lamp")],
    [PROVISIONED.cloud, encodeCbor(["cloud.test", 1883, 8080, "b"])],
  ]);
  if (tls !== undefined) values.set(PROVISIONED.cloudTls, encodeCbor(tls));
  if (floorS !== undefined) values.set(OWN.timeFloor, encodeCbor(floorS));
  const stored = { get: (name: string) => values.get(name), names: () => [...values.keys()] };
  const link = createLink(crypto, LINK_TIMES, BUILT_S);
  let { initial: state } = link;
  let effects: readonly Effect[] = [];
  for (const event of [startOf(stored), ...events]) {
    const step = link.step(state, { nowMs: 0, ...event } as DeviceEvent);
    state = step.state;
    effects = step.effects;
  }
  return effects;
}

const ONLINE = { kind: "online", ipv4: "10.0.0.2" };
const connectOf = (effects: readonly Effect[]) => effects.find((effect) => effect.kind === "tcp-connect");

test("a floor refuses what is over, not what has yet to begin; it is the later of build and memory", () => {
  const floor = { serverName: "cloud.test", certificate: DER, latestS: Number.POSITIVE_INFINITY };
  expect(connectOf(effectsOf(["cloud.test", DER], undefined, [ONLINE]))).toMatchObject({
    secure: { ...floor, earliestS: BUILT_S },
  });
  expect(connectOf(effectsOf(["cloud.test", DER], BUILT_S + 9, [ONLINE]))).toMatchObject({
    secure: { ...floor, earliestS: BUILT_S + 9 },
  });
});

test("a trusted time holds both dates against the server, from the next connection on", () => {
  const signed = { atMs: 0, earliestS: BUILT_S + 100, latestS: BUILT_S + 102 };
  const time = { floorS: BUILT_S + 100, persistedS: undefined, signed };
  const connect = connectOf(effectsOf(["cloud.test", DER], undefined, [{ kind: "time-taken", time }, ONLINE]));
  expect(connect).toMatchObject({ secure: { earliestS: BUILT_S + 100, latestS: BUILT_S + 102 } });
});

test("without an authority the link goes in the clear; with one that can't be read there is none", () => {
  expect(connectOf(effectsOf(undefined, undefined, [ONLINE]))).toMatchObject({ secure: undefined });
  for (const wrong of [null, ["cloud.test"], ["cloud.test", "text"], [DER, DER]] as Cbor[]) {
    expect(effectsOf(wrong, undefined, [ONLINE])).toEqual([]);
  }
});

test("a refusal of the board's is what the log says", () => {
  const opening = { kind: "tcp-opening", tag: "link", connection: 3 };
  const closed = { kind: "tcp-closed", connection: 3 };
  const said = (fault: object) =>
    JSON.stringify(effectsOf(["x", DER], undefined, [ONLINE, opening, { ...closed, ...fault }]));
  expect(said({ fault: FAULTS.LINK_TLS_NAME })).toMatch(/link: fault 621 in nonce/);
  expect(said({})).toMatch(/link: fault 604 in nonce/);
});
