/** A unit's onboarding machine in virtual time, with a simulated air and whoever sends on it. */

import { utf8 } from "#base/utf8.ts";
import { createLoss } from "#boards/sim/host/air/loss.ts";
import { BROADCAST, createAir } from "#boards/sim/host/air/model.ts";
import { createRandomSource, type RandomSource } from "#boards/sim/host/air/random-source.ts";
import { encodeCbor } from "#codec/cbor.ts";
import type { DeviceEvent, Effect, InnerEvent } from "#device/machine.ts";
import * as legacyProtocols from "#device/onboarding/legacy-protocols.ts";
import { createOnboarding } from "#device/onboarding/onboarding.ts";
import type { PortEvent } from "#device/port.ts";
import { openStore, performStore } from "#device/store/store.ts";
import { messageFor, type SentProtocol } from "#phone/message.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import type { AirProtocol } from "#wire/air/air-credentials.ts";
import type { AccessPoint, Frame } from "#wire/air/frame.ts";
import type { Packet } from "#wire/air/schedule.ts";
import { OWN, PROVISIONED } from "#wire/flash/stored-names.ts";
import { settingsOver } from "../start-of.ts";

const SEED = new Uint8Array(32).fill(7);
const AIR_KEY = new Uint8Array(32).fill(5);
export const DEVICE_ID = nodePrimitives.sha512(nodePrimitives.ed25519PublicKey(SEED)).slice(0, 12);
export const HOME: AccessPoint = {
  ssid: utf8("home"),
  bssid: Uint8Array.of(0xa0, 0xb1, 0xc2, 0xd3, 0xe4, 0xf5),
  channel: 6,
  rssiDbm: -50,
  cipher: "ccmp",
};
export const EVIL: AccessPoint = {
  ...HOME,
  ssid: utf8("evil"),
  bssid: Uint8Array.of(0xa0, 1, 1, 1, 1, 1),
  channel: 11,
};
export const OWNER = Uint8Array.of(2, 0, 0, 0, 0, 1);
export const ATTACKER = Uint8Array.of(2, 0, 0, 0, 0, 66);

export interface World {
  readonly effects: Effect[];
  readonly stored: Map<string, Uint8Array>;
  nowMs(): number;
  /** Whether a unit that wants to sleep would wait. */
  isBusy(): boolean;
  show(event: PortEvent | InnerEvent): void;
  /** Lets time pass while a sender's packets, if any, go through the access point. */
  run(ms: number, senders?: readonly Sender[], intrude?: (nowMs: number) => readonly Frame[]): void;
  joins(): string[];
  /** Whether the flash refuses to write, or to forget, the value with this name: nothing by itself. */
  refuses: (name: string) => boolean;
  /** Begins a run with what is stored. */
  start(): void;
}

interface Sender {
  readonly sa: Uint8Array;
  readonly packets: Iterable<Packet>;
  /** To the gateway alone (TI): heard only on its way to the access point. */
  readonly isUp?: boolean;
}

/** What a scan finds, and how long it takes. */
interface Scan {
  readonly scanMs: number;
  readonly networks: readonly AccessPoint[];
}

export function createWorld(
  legacy: readonly AirProtocol[],
  rate = 0.1,
  seed = 1,
  { scanMs, networks }: Scan = { scanMs: 0, networks: [EVIL, HOME] },
): World {
  const random = createRandomSource(seed);
  const stored = new Map<string, Uint8Array>([
    [OWN.key, SEED],
    [PROVISIONED.airKey, AIR_KEY],
    [PROVISIONED.onboarding, encodeCbor([[...legacy], false])],
  ]);
  const machine = createOnboarding(nodePrimitives, {
    lanPort: 8080,
    legacy: Object.values(legacyProtocols),
    hasPortal: true,
  });
  let state = machine.initial;
  let nowMs = 0;
  let wakeAtMs: number | undefined;
  let channel = 0;
  let scannedAtMs: number | undefined;
  const effects: Effect[] = [];
  const network = { bssid: HOME.bssid, channel: 6, cipher: "ccmp" as const, firstBeaconUs: 7000 };
  let air = createAir(network, random);
  const misses = createLoss({ rate }, random);

  function show(event: PortEvent | InnerEvent): void {
    const step = machine.step(state, { ...event, nowMs } as DeviceEvent);
    state = step.state;
    wakeAtMs = step.wakeAtMs;
    for (const effect of step.effects) {
      effects.push(effect);
      if (effect.kind === "store" || effect.kind === "forget") {
        if (world.refuses(effect.name)) return show({ kind: "store-failed", name: effect.name });
        performStore(store, "onboarding", effect);
      }
      if (effect.kind === "radio-listen") channel = effect.channel;
      if (effect.kind === "radio-scan" && scanMs > 0) scannedAtMs = nowMs + scanMs;
      else if (effect.kind === "radio-scan") show({ kind: "radio-scan", accessPoints: networks });
    }
  }
  const hear = (frame: Frame) => {
    if (frame.channel === channel && !misses()) show({ kind: "radio-frame", ...frame });
  };
  let store = openStore(settingsOver(stored));
  const world: World = {
    effects,
    stored,
    isBusy: () => machine.isBusy?.(state, nowMs) === true,
    nowMs: () => nowMs,
    show,
    refuses: () => false,
    start() {
      store = openStore(settingsOver(stored));
      show({ kind: "start", facts: store.facts, stored: store.settings });
    },
    run(ms, senders = [], intrude) {
      const startMs = nowMs;
      if (senders.some(({ isUp }) => isUp === true))
        air = createAir({ ...network, firstBeaconUs: nowMs * 1000 + 7000, hearsToDs: true }, random);
      const waiting = senders.map(({ sa, packets, isUp }) => ({
        sa,
        da: isUp === true ? HOME.bssid : BROADCAST,
        packets: packets[Symbol.iterator](),
        next: undefined as Packet | undefined,
      }));
      for (const sender of waiting) sender.next = sender.packets.next().value;
      for (; nowMs < startMs + ms; nowMs++) {
        for (const sender of waiting) {
          while (sender.next !== undefined && startMs + sender.next.atMs <= nowMs) {
            air.send(nowMs * 1000, {
              sa: sender.sa,
              da: groupOf(sender.next) ?? sender.da,
              byteLength: sender.next.length,
            });
            sender.next = sender.packets.next().value;
          }
        }
        air.advance(nowMs * 1000, hear);
        for (const frame of intrude?.(nowMs) ?? []) hear(frame);
        if (scannedAtMs === nowMs) show({ kind: "radio-scan", accessPoints: networks });
        if (wakeAtMs !== undefined && wakeAtMs <= nowMs) show({ kind: "timer" });
      }
    },
    joins: () =>
      effects.flatMap((effect) => (effect.kind === "radio-join" ? [String.fromCharCode(...effect.ssid)] : [])),
  };
  return world;
}

/** Tuya EZ says part of it by the group that it sends to; ESP-TOUCH v1's are for networks without broadcast. */
function groupOf({ group }: Packet): Uint8Array | undefined {
  const [first, b = 0, c = 0, d = 0] = (group ?? "").split(".").map(Number);
  return first === 226 ? Uint8Array.of(1, 0, 0x5e, b, c, d) : undefined;
}

export function start(world: World) {
  world.start();
}

export function messageOf(protocol: SentProtocol, ssid: string, nowS = 1_800_000_000, key: Uint8Array = AIR_KEY) {
  const message = messageFor(
    protocol,
    {
      ssid: utf8(ssid),
      passphrase: utf8("correct horse"),
      bssid: HOME.bssid,
      air: { key, lastCounter: 0, nowS },
    },
    nodePrimitives,
  );
  if (!message.ok) throw new Error(message.fault);
  return message.value;
}

/** A schedule as data, so that it can be sent again: what an attacker records. */
export function recorded(
  protocol: SentProtocol,
  ssid: string,
  nowS = 1_800_000_000,
  key: Uint8Array = AIR_KEY,
): Packet[] {
  const packets: Packet[] = [];
  for (const packet of messageOf(protocol, ssid, nowS, key).schedule.packets) {
    if (packet.atMs > 20_000) break;
    packets.push(packet);
  }
  return packets;
}

export const joined: PortEvent = { kind: "radio-joined", ipv4: "127.20.0.1", mac: OWNER, bssid: HOME.bssid };

/** Random lengths under addresses of the attacker's choice, so many a millisecond. */
export function flood(random: RandomSource, perMs: number, sa: () => Uint8Array) {
  return (nowMs: number): Frame[] =>
    Array.from({ length: perMs }, (_, i) => ({
      us: nowMs * 1000 + i,
      channel: 6,
      bssid: HOME.bssid,
      sa: sa(),
      da: BROADCAST,
      seq: random.below(4096),
      bodyBytes: 52 + random.below(1200),
      retry: false,
      ds: "from",
    }));
}
