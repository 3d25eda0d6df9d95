/** What the unit says on its network, and to whom: RFC 6762 and 6763 as far as one service needs them. */

import { afterEach, describe, expect, it } from "vitest";
import { concat, toHex } from "#base/bytes.ts";
import { loopbackSubnet } from "#cli/loopback-subnet.ts";
import { DNS_TYPE, encodeDnsName, encodeDnsQuery, encodeDnsRecord, readDnsMessage } from "#codec/dns.ts";
import { createDiscovery } from "#device/discovery.ts";
import type { DeviceEvent, Effect, InnerEvent } from "#device/machine.ts";
import type { PortEvent } from "#device/port.ts";
import { discover } from "#phone/discover.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { discoveredIn, SERVICE } from "#wire/sessions/discovery.ts";
import { until } from "../progress.ts";
import { DEVICE, storedOf, TCP_PORT, unitAt } from "./discovery-network.ts";
import { startOf } from "./start-of.ts";

const IPV4 = "10.1.2.3";
const ask = (name: string, type: number = DNS_TYPE.ptr) => encodeDnsQuery(7, { name, type });

function createUnit(stored = storedOf()) {
  const machine = createDiscovery(primitives, TCP_PORT);
  let { initial: state } = machine;
  const unit = {
    nowMs: 1_000,
    wakeAtMs: undefined as number | undefined,
    show(event: PortEvent | InnerEvent): readonly Effect[] {
      const step = machine.step(state, { ...event, nowMs: unit.nowMs } as DeviceEvent);
      state = step.state;
      unit.wakeAtMs = step.wakeAtMs;
      return step.effects;
    },
    /** What it has said by a moment, each datagram with where it went. */
    until(endMs: number) {
      const said: { host: string; port: number; from: number | undefined; atMs: number; bytes: Uint8Array }[] = [];
      while (unit.wakeAtMs !== undefined && unit.wakeAtMs <= endMs) {
        unit.nowMs = unit.wakeAtMs;
        for (const effect of unit.show({ kind: "timer" })) {
          if (effect.kind === "udp-send") said.push({ ...effect, from: effect.from, atMs: unit.nowMs });
        }
      }
      unit.nowMs = endMs;
      return said;
    },
    hear: (bytes: Uint8Array, peerPort = 5353) =>
      unit.show({ kind: "udp-data", port: 5353, peer: "10.1.2.9", peerPort, bytes }),
  };
  unit.show(startOf(stored));
  return unit;
}

const LEGACY_PORT = 40_000;

it("answers a flood ten times a source and thirty times in all at once, and others again after a moment", () => {
  const unit = quietUnit();
  const askFrom = (peer: string) =>
    unit.show({ kind: "udp-data", port: 5353, peer, peerPort: LEGACY_PORT, bytes: ask(SERVICE) }).length;
  const answers = Array.from({ length: 200 }, () => askFrom("10.1.2.66"));
  expect(answers.reduce((sum, count) => sum + count, 0)).toBe(10);
  const others = Array.from({ length: 200 }, (_, i) => askFrom(`10.1.3.${i}`));
  expect(others.reduce((sum, count) => sum + count, 0)).toBe(20);
  unit.nowMs += 1_000;
  expect(askFrom("10.1.2.9")).toBe(1);
});

/** A unit that has announced itself and is quiet. */
function quietUnit() {
  const unit = createUnit();
  unit.show({ kind: "online", ipv4: IPV4 });
  unit.until(10_000);
  return unit;
}

const namesOf = (bytes: Uint8Array) =>
  readDnsMessage(bytes)
    ?.records()
    ?.map(({ name, type }) => `${name} ${type}`) ?? [];
const ALL = [`${SERVICE} 12`, `${DEVICE}.${SERVICE} 33`, `${DEVICE}.${SERVICE} 16`, `${DEVICE}.local 1`];

describe("a unit that comes onto a network", () => {
  it("joins the group and says twice, a second apart, where it is", () => {
    const unit = createUnit();
    const first = unit.show({ kind: "online", ipv4: IPV4 });
    expect(first[0]).toEqual({ kind: "udp-listen", port: 5353, group: "224.0.0.251" });
    expect(first[1]).toMatchObject({ kind: "udp-send", host: "224.0.0.251", port: 5353, from: 5353 });
    const said = unit.until(60_000);
    expect(said.map(({ atMs }) => atMs)).toEqual([2_000]);
    const message = readDnsMessage((first[1] as { bytes: Uint8Array }).bytes);
    expect(message?.isResponse).toBe(true);
    expect(namesOf((first[1] as { bytes: Uint8Array }).bytes)).toEqual(ALL);
    const [found] = message === undefined ? [] : discoveredIn(message);
    expect([toHex(found?.deviceId ?? new Uint8Array(0)), found?.host, found?.port]).toEqual([DEVICE, IPV4, TCP_PORT]);
  });

  it("says its new address when it gets another, and nothing while it is on none", () => {
    const unit = quietUnit();
    unit.show({ kind: "offline" });
    expect(unit.hear(ask(SERVICE))).toEqual([]);
    expect(unit.until(20_000)).toEqual([]);
    const again = unit.show({ kind: "online", ipv4: "10.9.9.9" });
    const message = readDnsMessage((again[1] as { bytes: Uint8Array }).bytes);
    expect(message && discoveredIn(message)[0]?.host).toBe("10.9.9.9");
  });

  it("that is bare is not there for anybody", () => {
    const unit = createUnit({ get: () => undefined, names: () => [] });
    expect(unit.show({ kind: "online", ipv4: IPV4 })).toEqual([]);
    expect(unit.hear(ask(SERVICE))).toEqual([]);
  });
});

describe("a question", () => {
  it("of another responder is answered to all, 20 to 120 ms later, once a second at most", () => {
    const unit = quietUnit();
    unit.hear(ask(SERVICE.toUpperCase()));
    const [said, ...more] = unit.until(10_500);
    expect(more).toEqual([]);
    expect(said).toMatchObject({ host: "224.0.0.251", port: 5353, from: 5353 });
    expect((said?.atMs ?? 0) - 10_000).toBeGreaterThanOrEqual(20);
    expect((said?.atMs ?? 0) - 10_000).toBeLessThanOrEqual(120);
    for (let i = 0; i < 50; i++) unit.hear(ask(SERVICE));
    expect(unit.until(20_000).map(({ atMs }) => atMs)).toEqual([(said?.atMs ?? 0) + 1_000]);
  });

  it("of a querier that is no responder is answered to that querier alone, with its question and short lifetimes", () => {
    const unit = quietUnit();
    const query = ask(SERVICE);
    const [effect] = unit.hear(query, 40_000);
    expect(effect).toMatchObject({ kind: "udp-send", host: "10.1.2.9", port: 40_000, from: 5353 });
    const { bytes } = effect as { bytes: Uint8Array };
    const message = readDnsMessage(bytes);
    expect([message?.id, message?.questions]).toEqual([7, [{ name: SERVICE, type: DNS_TYPE.ptr }]]);
    expect(message?.records()?.every(({ ttlS }) => ttlS <= 10)).toBe(true);
    // The class of a unique record carries a bit that DNS doesn't know.
    expect(toHex(bytes)).not.toContain("8001");
    expect(unit.until(20_000)).toEqual([]);
  });

  it("is answered by what it asks for: instance, address, anything, the list of services", () => {
    const answers = (name: string, type: number) => {
      const [effect] = quietUnit().hear(ask(name, type), 40_000);
      return effect === undefined ? [] : namesOf((effect as { bytes: Uint8Array }).bytes);
    };
    expect(answers(`${DEVICE}.${SERVICE}`, DNS_TYPE.srv)).toEqual([ALL[1], ALL[2], ALL[3]]);
    expect(answers(`${DEVICE}.local`, DNS_TYPE.a)).toEqual([ALL[3]]);
    expect(answers(`${DEVICE}.${SERVICE}`, DNS_TYPE.any)).toEqual([ALL[1], ALL[2], ALL[3]]);
    expect(answers("_services._dns-sd._udp.local", DNS_TYPE.ptr)).toEqual(["_services._dns-sd._udp.local 12"]);
    expect(answers(`${"0".repeat(24)}.local`, DNS_TYPE.a)).toEqual([]);
    expect(answers("_http._tcp.local", DNS_TYPE.ptr)).toEqual([]);
    expect(answers(`${DEVICE}.local`, 28)).toEqual([]);
  });

  it("that brings the answer along, still fresh, is not answered", () => {
    const known = (ttlS: number) => {
      const data = encodeDnsName(`${DEVICE}.${SERVICE}`);
      const record = encodeDnsRecord({ name: SERVICE, type: DNS_TYPE.ptr, ttlS, data }, false);
      const query = concat(ask(SERVICE), record);
      query[7] = 1;
      return query;
    };
    const unit = quietUnit();
    unit.hear(known(2_250));
    expect(unit.until(20_000)).toEqual([]);
    unit.hear(known(2_249));
    expect(unit.until(30_000)).toHaveLength(1);
  });

  it("that is malformed, or no question, is passed over", () => {
    const unit = quietUnit();
    const query = ask(SERVICE);
    for (let length = 0; length < query.length; length++) expect(unit.hear(query.slice(0, length), 1)).toEqual([]);
    const loop = Uint8Array.of(0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 12, 0, 12, 0, 1);
    expect(unit.hear(loop, 1)).toEqual([]);
    const response = query.slice();
    response[2] = 0x84;
    expect(unit.hear(response, 1)).toEqual([]);
  });
});

describe("over sockets", () => {
  const units: { stop(): void }[] = [];
  afterEach(() => {
    for (const unit of units.splice(0)) unit.stop();
  });

  it("a phone finds every unit of its network, and one by its label at once", async () => {
    const other = new Uint8Array(32).fill(51);
    const subnet = await loopbackSubnet();
    units.push(unitAt(`${subnet}.9`), unitAt(`${subnet}.10`, other));
    // A phone listens for a while, and a busy machine's units may answer later: it looks again.
    await until("both units", async () => {
      const found = await discover({ waitMs: 1_500 });
      const ours = found.filter(({ host }) => host.startsWith(`${subnet}.`));
      expect(ours.every(({ host, port }) => /\.(9|10)$/.test(host) && port === TCP_PORT)).toBe(true);
      return new Set(ours.map(({ host }) => host)).size === 2 || undefined;
    });
    const startMs = performance.now();
    const waitMs = 300_000;
    const one = await discover({ waitMs, device: DEVICE });
    expect(one.some(({ deviceId }) => toHex(deviceId) === DEVICE)).toBe(true);
    expect(performance.now() - startMs).toBeLessThan(waitMs);
  });
});
