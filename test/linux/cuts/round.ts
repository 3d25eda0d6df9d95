/** One cut of power: what the unit was at, what it had acknowledged by then, and what it still has afterwards. */
import { copyFileSync, existsSync, renameSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { createRandomSource } from "#boards/sim/host/air/random-source.ts";
import { openAir } from "./air.ts";
import { type Acknowledged, lostBetween } from "./lost.ts";
import { type Memory, memoryOf } from "./memory.ts";
import { handOver, type Network, raiseFloor, sessionWith, useSession } from "./owner.ts";
import { type ChipState, type Running, runHere } from "./running.ts";
import { putOnShelf, type Subject } from "./subject.ts";

export type Phase = "onboarding" | "update";
/** By kill -9 over a file, by the end of the machine with its disk, or by kill -9 over a model of a NOR chip. */
export type Kind = "kill" | "pull" | "nor";

export interface CutResult {
  readonly kind: Kind;
  readonly phase: Phase;
  readonly seed: number;
  /** From this word of the unit, its first one for most, to the cut, in milliseconds. */
  readonly since: string;
  readonly afterMs: number;
  /** What the unit was at, by what it had said last. */
  readonly during: string;
  /** What the NOR chip was cut in the middle of, where the flash is one. */
  readonly within?: ChipState["at"];
  /** The release that was confirmed by then. */
  readonly release: number;
  /** What was lost, a line each; empty as it should be. */
  readonly lost: readonly string[];
}

/** How the unit of a round runs until it is cut. */
export interface Place {
  readonly kind: Kind;
  /** First three numbers of the addresses that the air gives to units there; a subnet of this machine's own when absent. */
  readonly subnet?: string;
  start(flash: string, radioPort: number, host: string, seed: number, phase: Phase): Promise<Running>;
}

export const onThisMachine = (subject: Subject): Place => ({
  kind: "kill",
  start: async (flash, radioPort, host) => runHere(subject, flash, radioPort, host),
});

const HOME: Network = { ssid: "Lamplight", passphrase: "a story told" };
const OLD: Network = { ssid: "Old flat", passphrase: "moved out of it" };
/** Moments are drawn from so long after the unit's first word; slower where the unit is. */
const SPAN_MS: Readonly<Record<Kind, Readonly<Record<Phase, number>>>> = {
  kill: { onboarding: 2_500, update: 9_000 },
  pull: { onboarding: 8_000, update: 20_000 },
  nor: { onboarding: 8_000, update: 20_000 },
};
/** A word of the unit, or what it has acknowledged. */
type Sign = RegExp | ((told: Acknowledged) => boolean);
/** Some moments are drawn from shortly after one of these, as much of what is written is written then, and must be there from then on. */
const TURNS: Readonly<Record<Phase, readonly (readonly [name: string, sign: Sign])[]>> = {
  onboarding: [
    ["message heard", /^onboarding: air complete/m],
    ["acknowledged", (told) => told.revocationFloor > 0],
  ],
  update: [
    ["verified", /^update: release \d+ verified/m],
    ["on trial", /^update: release \d+ on trial/m],
    ["trial", /^latchkey: boot .* trial 1/m],
    ["confirmed", /^update: release \d+ confirmed/m],
    ["rolled back", /^state \d+ \d+ rolledBack/m],
  ],
};
const TURN_SHARE = 0.6;
const SHORTLY_MS = 250;
const BAD_WORDS = /trouble|LOST|no image|no key set|cannot be read/;

const SESSIONS_MOST = 8;
const LOOK_MS = 5;

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Waits for a sign. @returns Whether it came, within this time. */
async function comes(sign: Sign, running: Running, told: Acknowledged, withinMs: number): Promise<boolean> {
  if (sign instanceof RegExp) {
    const heard = running.hear(sign).then(
      () => true,
      () => false,
    );
    return Promise.race([heard, pause(withinMs).then(() => false)]);
  }
  const endMs = Date.now() + withinMs;
  while (!sign(told) && Date.now() < endMs) await pause(LOOK_MS);
  return sign(told);
}

/** Reads what the unit said: the floors and releases that it called its own. */
function hearIn(said: string, told: Acknowledged): void {
  for (const [, floor] of said.matchAll(/^floor (\d+)\r?$/gm))
    told.fetchFloor = Math.max(told.fetchFloor, Number(floor));
  for (const [, sequence] of said.matchAll(/^state (\d+) /gm))
    told.sequence = Math.max(told.sequence, Number(sequence));
}

/** What the unit was at when it lost its power, by its last word. */
function momentOf(phase: Phase, said: string, told: Acknowledged): string {
  if (phase === "onboarding") {
    if (told.network !== undefined) return "joined";
    return /^onboarding: air complete/m.test(said) ? "joining" : "listening";
  }
  const words =
    /^(?:latchkey: (boot) .*trial (\d)|(floor) |update: release \d+ (begun|verified|on trial|confirmed)|state \d+ \d+ (\w+))/gm;
  const [, boot, trial, floor, update, stage] = [...said.matchAll(words)].at(-1) ?? [];
  if (boot !== undefined) return trial === "1" ? "start on trial" : "start";
  if (floor !== undefined || update === "begun") return "fetching";
  if (update !== undefined) return update === "confirmed" ? "confirmed" : "switch";
  return stage === "none" ? "confirmed" : (stage ?? "start");
}

/** Onboards a unit, or has it updated, until it is cut at a random moment; then starts it here and uses it. */
export async function runRound(
  subject: Subject,
  place: Place,
  folder: string,
  phase: Phase,
  seed: number,
): Promise<CutResult> {
  const { kind } = place;
  const random = createRandomSource(seed * 4 + (kind === "pull" ? 1 : 0) + (phase === "update" ? 2 : 0));
  const spanMs = SPAN_MS[kind][phase];
  let afterMs = Math.floor(random.next() * spanMs);
  let since = "start";
  const flash = join(folder, `${kind}-${phase}.bin`);
  await prepare(subject, folder, flash, phase, random.next() < 0.5);
  const turn = random.next() < TURN_SHARE ? TURNS[phase][random.below(TURNS[phase].length)] : undefined;
  const shortlyMs = Math.floor(random.next() * SHORTLY_MS);
  const before = memoryOf(flash);
  const told: Acknowledged = { airCounter: 0, revocationFloor: 0, fetchFloor: 0, sequence: 0 };

  let isOver = false;
  const air = await openAir(HOME, place.subnet);
  const running = await place.start(flash, air.radioPort, air.host, seed, phase);
  const message = phase === "onboarding" ? handOver(subject, HOME, air.broadcast, before.airCounter) : undefined;
  const owner = actAsOwner(subject, running, told, () => isOver).catch((error) => {
    if (!isOver) throw error;
  });
  void owner.catch(() => undefined); // thrown again below
  void message?.answered.then((isProved) => {
    if (isProved && !isOver) Object.assign(told, { network: HOME.ssid, airCounter: message.counter });
  });
  const startedMs = performance.now();
  const drawn = async () => {
    await running.hear(/latchkey: boot/);
    if (turn === undefined) return pause(afterMs);
    const [name, sign] = turn;
    const isHeard = await comes(sign, running, told, spanMs + afterMs);
    if (isHeard) [since, afterMs] = [name, shortlyMs];
    else afterMs += spanMs;
    if (isHeard) await pause(shortlyMs);
  };
  if (running.chip === undefined) await drawn();
  else {
    // Such a chip may take the power itself, even before the first word.
    const isTaken = await Promise.race([
      running.ended.then(() => true),
      drawn().then(
        () => false,
        () => true,
      ),
    ]);
    if (isTaken) [since, afterMs] = ["start", Math.round(performance.now() - startedMs)];
  }
  const moment = { since, afterMs };
  isOver = true;
  await running.cut();
  const chip = running.chip?.();
  message?.end();
  await air.stop();
  await Promise.all([owner, message?.answered]);
  const said = running.said();
  hearIn(said, told);

  const after = memoryOf(flash);
  const lost = lostBetween(before, told, after, [before.network, HOME.ssid]);
  if (message !== undefined && after.network === HOME.ssid && after.airCounter < message.counter)
    lost.push("the network is stored, and its counter is not spent");
  if (BAD_WORDS.test(said)) lost.push(`it said: ${BAD_WORDS.exec(said)?.[0]}`);
  lost.push(...(await useAfterwards(subject, flash, after)));
  if (lost.length > 0 || process.env.LATCHKEY_CUTS_KEEP)
    writeFileSync(join(folder, `${kind}-${phase}-${seed}.log`), said);
  const within = chip === undefined ? {} : { within: chip.at };
  const at = { kind, phase, seed, ...moment, during: momentOf(phase, said, told), ...within };
  return { ...at, release: after.sequence, lost };
}

/** Opens sessions as long as the unit has power, raises the floor in them, and notes what the unit acknowledged. */
async function actAsOwner(
  subject: Subject,
  running: Running,
  told: Acknowledged,
  isOver: () => boolean,
): Promise<void> {
  while (!isOver()) {
    const session = await sessionWith(subject, running, isOver);
    if (session === undefined) return;
    told.network = HOME.ssid;
    for (let floor: number | undefined = 0; floor !== undefined && !isOver(); ) {
      floor = await raiseFloor(subject, session);
      if (floor !== undefined) told.revocationFloor = Math.max(told.revocationFloor, floor);
    }
    await session.close();
  }
}

/** The flash that a round begins with: for onboarding as the line left it, or as its owner moved away with it. */
async function prepare(
  subject: Subject,
  folder: string,
  flash: string,
  phase: Phase,
  hasMoved: boolean,
): Promise<void> {
  if (phase === "onboarding") {
    const moved = join(folder, "moved.bin");
    if (hasMoved && !existsSync(moved)) await onboardOnce(subject, subject.fresh, moved, OLD);
    copyFileSync(hasMoved ? moved : subject.fresh, flash);
  } else if (!existsSync(flash)) {
    const home = join(folder, `${basename(flash)}.home`);
    await onboardOnce(subject, subject.fresh, home, HOME);
    putOnShelf(subject, home);
    renameSync(home, flash);
  }
}

/** Brings a copy of a flash onto a network, through the whole of onboarding and a first session. */
async function onboardOnce(subject: Subject, from: string, to: string, network: Network): Promise<void> {
  const work = `${to}.draft`;
  copyFileSync(from, work);
  const air = await openAir(network);
  const unit = runHere(subject, work, air.radioPort, air.host);
  try {
    const message = handOver(subject, network, air.broadcast, 0);
    if (!(await message.answered)) throw new Error(`the unit was not onboarded; it said: ${unit.said()}`);
    const session = await sessionWith(subject, unit);
    if (session !== undefined) await raiseFloor(subject, session);
    await session?.close();
  } finally {
    await unit.cut();
    await air.stop();
  }
  copyFileSync(work, to);
}

/** @returns The floor that the unit says, in the first of a few sessions that is not ended by a start of the unit. */
async function useUnit(subject: Subject, unit: Running): Promise<number> {
  for (let sessions = 0; sessions < SESSIONS_MOST; sessions++) {
    const session = await sessionWith(subject, unit);
    const floor = session && (await useSession(session));
    await session?.close();
    if (floor !== undefined) return floor;
  }
  throw new Error(`the unit ended ${SESSIONS_MOST} sessions; it said: ${unit.said()}`);
}

/** Starts it as its owner would find it; where it has no network, hands it one. @returns What was lost. */
async function useAfterwards(subject: Subject, flash: string, memory: Memory): Promise<string[]> {
  const air = await openAir(HOME);
  const unit = runHere(subject, flash, air.radioPort, air.host);
  try {
    await unit.hear(/latchkey: start/);
    if (memory.network !== HOME.ssid) {
      const message = handOver(subject, HOME, air.broadcast, memory.airCounter);
      if (!(await message.answered)) return ["it can't be onboarded any more"];
    }
    const floor = await useUnit(subject, unit);
    if (floor < memory.revocationFloor) return [`its floor is ${floor}, and flash has ${memory.revocationFloor}`];
    const words = BAD_WORDS.exec(unit.said());
    return words === null ? [] : [`started again it said: ${words[0]}`];
  } catch (error) {
    return [(error as Error).message];
  } finally {
    await unit.cut();
    await air.stop();
  }
}
