/** The machine that asks SNTP servers, in virtual time: whom, how often, and what it makes of answers. */
import { describe, expect, it } from "vitest";
import type { DeviceEvent, InnerEvent } from "#device/machine.ts";
import type { PortEvent } from "#device/port.ts";
import { createSntp } from "#device/sntp.ts";
import { sntpAnswer } from "#testing/time-server.ts";
import { nodePrimitives as crypto } from "#trust/host/node-primitives.ts";

const BUILT_S = 1_790_000_000;
const YEAR_S = 31_557_600;
const HOUR_MS = 3_600_000;

interface Asked {
  readonly host: string;
  readonly port: number;
  readonly atMs: number;
}

/** A unit's machine on a network. `says` gives what a server answers: a time, a code, bytes, or nothing. */
function onNetwork(
  says: (host: string, request: Uint8Array) => number | string | Uint8Array | undefined,
  { servers, told, floorS }: { servers?: readonly string[]; told?: readonly string[]; floorS?: number } = {},
) {
  const machine = createSntp({ crypto, servers, buildS: BUILT_S });
  const asked: Asked[] = [];
  const guessed: number[] = [];
  const log: string[] = [];
  let [state, nowMs, wakeAtMs] = [machine.initial, 1_000, Number.POSITIVE_INFINITY];
  function show(event: PortEvent | InnerEvent): void {
    const step = machine.step(state, { ...event, nowMs } as DeviceEvent);
    state = step.state;
    wakeAtMs = step.wakeAtMs ?? Number.POSITIVE_INFINITY;
    for (const effect of step.effects) {
      if (effect.kind === "log") log.push(effect.text);
      if (effect.kind === "emit" && effect.event.kind === "time-guessed") guessed.push(effect.event.unixS);
      if (effect.kind !== "udp-send") continue;
      const { host, port, bytes: request, from: own = 0 } = effect;
      asked.push({ host, port, atMs: nowMs });
      const said = says(host, request);
      if (said === undefined) continue;
      const bytes = said instanceof Uint8Array ? said : sntpAnswer(request, said);
      show({ kind: "udp-data", port: own, peer: host, peerPort: port, bytes });
    }
  }
  const facts = { unreadable: new Set<string>(), ...(floorS !== undefined && { timeFloor: floorS }) };
  show({ kind: "start", facts, stored: { get: () => undefined, names: () => [] } } as unknown as InnerEvent);
  const [mac, bssid] = [new Uint8Array(6), new Uint8Array(6)];
  show({ kind: "radio-joined", ipv4: "10.0.0.2", mac, bssid, ...(told !== undefined && { timeServers: told }) });
  show({ kind: "online", ipv4: "10.0.0.2" });
  return {
    asked,
    guessed,
    log,
    show,
    advance(ms: number) {
      const endMs = nowMs + ms;
      while (wakeAtMs <= endMs) {
        nowMs = Math.max(nowMs, wakeAtMs);
        show({ kind: "timer" });
      }
      nowMs = endMs;
    },
  };
}

const hostsOf = (asked: readonly Asked[]) => asked.map(({ host }) => host);

describe("a unit that knows no proved time", () => {
  it("asks within ten seconds of joining, and four times a day as long as it is answered", () => {
    const network = onNetwork(() => BUILT_S + 5, { told: ["10.0.0.1"] });
    network.advance(10_000);
    expect(network.asked).toMatchObject([{ host: "10.0.0.1", port: 123 }]);
    expect(network.guessed).toEqual([BUILT_S + 5]);
    network.advance(24 * HOUR_MS);
    expect(network.asked.length).toBeGreaterThanOrEqual(4);
    expect(network.asked.length).toBeLessThanOrEqual(6);
  });
  it("asks the network's servers before the maker's, and the next one where one is silent", () => {
    const network = onNetwork((host) => (host === "time.lamp.example" ? BUILT_S + 1 : undefined), {
      ...{ told: ["10.0.0.1", "10.0.0.3:1230"], servers: ["time.lamp.example"] },
    });
    network.advance(HOUR_MS);
    expect(hostsOf(network.asked)).toEqual(["10.0.0.1", "10.0.0.3", "time.lamp.example"]);
    expect(network.asked[1]?.port).toBe(1230);
    // It stays with the one that answers.
    network.advance(12 * HOUR_MS);
    expect(new Set(hostsOf(network.asked.slice(3)))).toEqual(new Set(["time.lamp.example"]));
  });
  it("asks a silent network never more often than each 16 seconds, and ever more seldom", () => {
    const network = onNetwork(() => undefined, { told: ["10.0.0.1"] });
    network.advance(24 * HOUR_MS);
    const pauses = network.asked.slice(1).map(({ atMs }, i) => atMs - (network.asked[i] as Asked).atMs);
    expect(Math.min(...pauses)).toBe(16_000);
    expect(network.asked.length).toBeLessThan(20);
  });
  it("asks nobody where nobody is named, and nobody after the network is gone", () => {
    const alone = onNetwork(() => BUILT_S + 1);
    alone.advance(48 * HOUR_MS);
    expect(alone.asked).toEqual([]);
    const left = onNetwork(() => undefined, { told: ["10.0.0.1"] });
    left.show({ kind: "offline" });
    left.advance(48 * HOUR_MS);
    expect(left.asked).toEqual([]);
  });
  it("asks no more once somebody has signed the time", () => {
    const network = onNetwork(() => undefined, { told: ["10.0.0.1"] });
    const interval = { askedMs: 0, atMs: 0, earliestS: BUILT_S, latestS: BUILT_S };
    network.show({ kind: "time-vouched", interval });
    network.advance(48 * HOUR_MS);
    expect(network.asked).toEqual([]);
  });
});

describe("a server", () => {
  it("that forbids it is never asked again in this run, one that wants pauses not for six hours", () => {
    for (const [code, most] of [
      ["DENY", 1],
      ["RSTR", 1],
      ["RATE", 5],
    ] as const) {
      const network = onNetwork(() => code, { told: ["10.0.0.1"] });
      network.advance(24 * HOUR_MS);
      expect([code, network.asked.length <= most, network.guessed]).toEqual([code, true, []]);
      expect(network.log[0]).toBe(`time: 10.0.0.1 sends clients away (${code})`);
    }
  });
  it("that forbids it leaves the others their turns", () => {
    const network = onNetwork((host) => (host === "10.0.0.1" ? "DENY" : BUILT_S + 9), {
      told: ["10.0.0.1", "10.0.0.3"],
    });
    network.advance(HOUR_MS);
    expect([hostsOf(network.asked), network.guessed]).toEqual([["10.0.0.1", "10.0.0.3"], [BUILT_S + 9]]);
  });
  it("that says what cannot be is not believed: before what the unit has proved, or decades ahead", () => {
    for (const saysS of [BUILT_S - 1, 0, 1_000_000_000, BUILT_S + 41 * YEAR_S]) {
      const network = onNetwork(() => saysS, { told: ["10.0.0.1"] });
      network.advance(60_000);
      expect([saysS, network.guessed]).toEqual([saysS, []]);
      expect(network.log[0]).toMatch(/^time: 10\.0\.0\.1 says what cannot be/);
    }
    const floored = onNetwork(() => BUILT_S + 50, { told: ["10.0.0.1"], floorS: BUILT_S + 100 });
    floored.advance(60_000);
    expect(floored.guessed).toEqual([]);
  });
  it("is not mistaken for somebody who sends answers unasked, or late", () => {
    const requests: Uint8Array[] = [];
    const network = onNetwork((_host, request) => void requests.push(request), { told: ["10.0.0.1"] });
    const answer = (bytes: Uint8Array) => {
      for (let port = 49_152; port < 65_536; port++) {
        network.show({ kind: "udp-data", port, peer: "10.0.0.1", peerPort: 123, bytes });
      }
    };
    network.advance(10_000);
    answer(sntpAnswer(new Uint8Array(48), BUILT_S + 7));
    network.advance(5_001);
    answer(sntpAnswer(requests[0] as Uint8Array, BUILT_S + 7));
    expect(network.guessed).toEqual([]);
    expect(new Set(requests.map(String)).size).toBe(requests.length);
  });
});
