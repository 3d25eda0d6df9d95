/**
 * A simulated fleet: thousands of model units on one virtual clock, with a network that delays, breaks and repeats, power
 * that fails, a partition, and a cloud that may be killed. Everything that is left to chance comes from one seed, so
 * that a run repeats.
 */

import { fromHex } from "#base/bytes.ts";
import { createAgenda } from "./agenda.ts";
import type { Message } from "./fleet-unit.ts";
import { createFleetUnit, type Fate, type FleetUnit, type FleetUnitOptions } from "./fleet-unit.ts";
import { seededFractions } from "./seeded-fractions.ts";

export interface FleetMember {
  readonly id: string;
  readonly fleet: string;
}

/** The cloud as the fleet needs it; the same code as in the process, without sockets. */
export interface FleetCloud {
  /** Resolves once what was said is durable. */
  message(from: FleetMember, name: string, payload: Uint8Array): Promise<void>;
  online(from: FleetMember): void;
  offline(from: FleetMember): void;
  tick(): Promise<void>;
  /** Dies at once, as by kill -9: what wasn't durable is gone. */
  kill(): Promise<void>;
}

/** What the cloud is given of this world. */
export interface FleetWorldPort {
  nowMs(): number;
  randomFraction(): number;
  send(to: FleetMember, name: string, payload: Uint8Array): Promise<boolean>;
}

interface FleetPlan {
  readonly seed: number;
  readonly members: readonly FleetMember[];
  readonly unit: Omit<FleetUnitOptions, "random" | "fateOf" | "deviceId">;
  /** Shares of units, 0 to 1, that meet this with the release. */
  readonly crashing: number;
  readonly silent: number;
  /** Shares of messages that meet this: the link breaks and takes what is under way with it; QoS 1 says it twice. */
  readonly broken: number;
  readonly repeated: number;
  /** Power cuts a unit over the run, on average. */
  readonly powerCuts: number;
  /** A tenth of the units is out of reach for a minute. */
  readonly partition: boolean;
  /** Times at which the cloud dies and starts again, in virtual milliseconds from the start. */
  readonly killsAtMs: readonly number[];
  /** All links come up within this time. */
  readonly arrivalMs: number;
  readonly endMs: number;
  openCloud(world: FleetWorldPort): Promise<FleetCloud>;
  /** Called at each virtual second; may act as the operator. True ends the run. */
  onSecond?(nowMs: number, units: readonly FleetUnit[]): Promise<boolean>;
}

export interface FleetOutcome {
  readonly virtualMs: number;
  readonly messages: number;
  readonly powerCuts: number;
  readonly kills: number;
  /** FNV-1a over everything delivered, in order: the same seed gives the same trace. */
  readonly trace: number;
  readonly units: readonly FleetUnit[];
}

/** 1 January 2027: days and hours matter to maintenance windows. */
const START_MS = 1_798_761_600_000;
const LATENCY_MS = 20;
const LATENCY_SPREAD_MS = 100;
const AGAIN_MS = 5_000;
const RESTART_MS = 3_000;
const TICK_MS = 1_000;

export async function runFleet(plan: FleetPlan): Promise<FleetOutcome> {
  const fraction = seededFractions(plan.seed);
  const agenda = createAgenda();
  let nowMs = START_MS;
  let trace = 0x811c9dc5;
  let messages = 0;
  let powerCuts = 0;
  let kills = 0;
  let pending: Promise<unknown>[] = [];
  let cloud: FleetCloud | undefined;

  const links = plan.members.map((member, number) => {
    const fate = fraction();
    const fateOf = (): Fate =>
      fate < plan.crashing ? "crashes" : fate < plan.crashing + plan.silent ? "falls-silent" : "works";
    const random = (byteLength: number) => new Uint8Array(byteLength).map(() => fraction() * 256);
    return {
      member,
      number,
      unit: createFleetUnit({ ...plan.unit, deviceId: fromHex(member.id) as Uint8Array, random, fateOf }),
      session: 0,
      isUp: false,
      isAway: false,
      turn: { up: 0, down: 0 },
    };
  });
  type Link = (typeof links)[number];
  const byId = new Map(links.map((link) => [link.member.id, link]));
  const note = (number: number, name: string, payload: Uint8Array) => {
    messages++;
    // Signatures and nonces differ from run to run, since keys are made anew; what a unit says of itself does not.
    const said = name === "state" ? [...payload] : [];
    for (const byte of [number & 255, number >> 8, name.charCodeAt(0), payload.length & 255, ...said]) {
      trace = Math.imul(trace ^ byte, 0x01000193) >>> 0;
    }
  };
  /**
   * Carries one message in its turn, as TCP does, maybe twice, as QoS 1 does; or the link breaks with all that is on it.
   * Neither side hears of a break at once.
   */
  const carry = (link: Link, way: "up" | "down", deliver: () => void) => {
    const { session } = link;
    if (fraction() < plan.broken) {
      link.session++;
      agenda.add(nowMs + 500 + fraction() * 2_000, () => {
        linkDown(link);
        linkUp(link);
      });
      return;
    }
    const copies = fraction() < plan.repeated ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      const atMs = Math.max(link.turn[way], nowMs + LATENCY_MS + fraction() * LATENCY_SPREAD_MS);
      link.turn[way] = atMs;
      agenda.add(atMs, () => {
        if (link.session === session && link.isUp && !link.isAway) deliver();
      });
    }
  };
  const say = (link: Link, said: readonly Message[]) => {
    for (const { name, payload } of said) {
      carry(link, "up", () => {
        note(link.number, name, payload);
        if (cloud !== undefined) pending.push(cloud.message(link.member, name, payload));
      });
    }
  };
  const linkDown = (link: Link) => {
    if (!link.isUp) return;
    link.isUp = false;
    link.session++;
    cloud?.offline(link.member);
  };
  const linkUp = (link: Link) => {
    if (link.isUp || link.unit.truth.isGone) return;
    if (cloud === undefined || link.isAway) {
      agenda.add(nowMs + 1_000 + fraction() * 2_000, () => linkUp(link));
      return;
    }
    link.isUp = true;
    link.session++;
    cloud.online(link.member);
    say(link, link.unit.connected());
    askAgain(link, link.session);
  };
  const askAgain = (link: Link, session: number) => {
    agenda.add(nowMs + AGAIN_MS * (0.8 + 0.4 * fraction()), () => {
      if (link.session !== session || !link.isUp) return;
      say(link, link.unit.again());
      askAgain(link, session);
    });
  };

  const world: FleetWorldPort = {
    nowMs: () => nowMs,
    randomFraction: fraction,
    send(to, name, payload) {
      const link = byId.get(to.id);
      if (link === undefined || !link.isUp) return Promise.resolve(false);
      carry(link, "down", () => {
        note(link.number, name, payload);
        const { says, restart } = link.unit.heard(name, payload);
        say(link, says);
        if (!restart) return;
        agenda.add(nowMs + LATENCY_MS + LATENCY_SPREAD_MS, () => linkDown(link));
        agenda.add(nowMs + RESTART_MS * (0.8 + 0.4 * fraction()), () => linkUp(link));
      });
      return Promise.resolve(true);
    },
  };

  cloud = await plan.openCloud(world);
  for (const link of links) {
    agenda.add(nowMs + fraction() * plan.arrivalMs, () => linkUp(link));
    for (let left = plan.powerCuts; left > 0; left--) {
      if (fraction() >= left) continue;
      agenda.add(nowMs + fraction() * plan.endMs * 0.5, () => {
        powerCuts++;
        linkDown(link);
        link.unit.lostPower();
        agenda.add(nowMs + 1_000 + fraction() * 20_000, () => linkUp(link));
      });
    }
  }
  if (plan.partition) {
    const cut = links.filter(() => fraction() < 0.1);
    agenda.add(nowMs + 20_000, () => {
      for (const link of cut) link.isAway = true;
    });
    // Neither side hears that the other has gone; both find out when the world comes back.
    agenda.add(nowMs + 80_000, () => {
      for (const link of cut) {
        link.isAway = false;
        linkDown(link);
        linkUp(link);
      }
    });
  }
  let isTick = false;
  let isKill = false;
  const everySecond = () => {
    isTick = true;
    agenda.add(nowMs + TICK_MS, everySecond);
  };
  agenda.add(nowMs + TICK_MS, everySecond);
  for (const atMs of plan.killsAtMs) {
    agenda.add(START_MS + atMs, () => {
      isKill = true;
    });
  }

  for (let next = agenda.next(); next !== undefined && next.atMs <= START_MS + plan.endMs; next = agenda.next()) {
    nowMs = next.atMs;
    for (const work of next.works) work();
    if (isKill && cloud !== undefined) {
      // What was said in this very millisecond is not durable yet, and nobody was told that it is.
      for (const each of pending) each.catch(() => undefined);
      pending = [];
      await cloud.kill();
      kills++;
      for (const link of links) {
        if (!link.isUp) continue;
        link.isUp = false;
        link.session++;
        agenda.add(nowMs + 1_000 + fraction() * 4_000, () => linkUp(link));
      }
      cloud = await plan.openCloud(world);
    }
    if (pending.length > 0) {
      const waiting = pending;
      pending = [];
      await Promise.all(waiting);
    }
    if (isTick) {
      await cloud?.tick();
      const units = links.map((link) => link.unit);
      if (plan.onSecond !== undefined && (await plan.onSecond(nowMs - START_MS, units))) break;
    }
    isTick = false;
    isKill = false;
  }
  return { virtualMs: nowMs - START_MS, messages, powerCuts, kills, trace, units: links.map((link) => link.unit) };
}
