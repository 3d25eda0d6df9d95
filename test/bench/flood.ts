/**
 * What a unit does while somebody on its network attacks it: how fast it is attacked, how long its owner waits for a session
 * meanwhile, what it takes of processor and memory, and whether it starts again. Attacks are those of test/attacks.
 */
import { readdirSync, readFileSync } from "node:fs";
import type { Attack } from "../attacks/attack.ts";
import { type AttackedUnit, startAttackedUnit } from "../attacks/attacked-unit.ts";
import { attacksOn } from "../attacks/attacks.ts";
import { biteMs } from "../attacks/bite.ts";
import { cpuOf, residentOf } from "./process-meter.ts";
import type { Bench, Row } from "./row.ts";

const BOARDS = ["sim", "qemu-mps2"] as const;
const SESSION_GOAL_MS = 5_000;
/** Sessions that the owner opens during each attack; the slowest one counts. */
const SESSIONS = 5;

/** The process that is the unit: the simulated board itself, or the emulator below the program that started it. */
function processOf({ board }: AttackedUnit): number {
  const pid = board.station.unit()?.pid ?? 0;
  const below = readdirSync("/proc").find((each) => {
    try {
      const [name = "", rest = ""] = readFileSync(`/proc/${each}/stat`, "latin1").split(") ");
      return name.includes("(qemu-system") && Number(rest.split(" ")[1]) === pid;
    } catch {
      return false;
    }
  });
  return below === undefined ? pid : Number(below);
}

/** The most of the engine's arena that was in use so far; undefined where the board doesn't tell. */
function arenaPeak({ board }: AttackedUnit): number | undefined {
  const told = board.said.flatMap((line) => /^latchkey: peak (\d+)/.exec(line)?.[1] ?? []).map(Number);
  return told.length === 0 ? undefined : Math.max(...told);
}

interface Measured {
  readonly perSecond: number;
  readonly slowestMs: number;
  readonly processorShare: number;
  readonly restarts: number;
}

async function measure(unit: AttackedUnit, attack: Attack | undefined, sessions: number): Promise<Measured> {
  const meter = { pids: [processOf(unit)] };
  const restartsBefore = unit.restarts().length;
  const running = attack?.start(unit);
  try {
    await biteMs();
    const [fromMs, fromS, fromSent] = [performance.now(), cpuOf(meter), running?.sent() ?? 0];
    let slowestMs = 0;
    for (let i = 0; i < sessions; i++) {
      slowestMs = Math.max(slowestMs, await unit.sessionMs());
      // A source's turns for handshakes come back every two seconds (PROTOCOL 5.14): they are not what is measured here.
      await biteMs(2_000);
    }
    const seconds = (performance.now() - fromMs) / 1000;
    return {
      perSecond: ((running?.sent() ?? 0) - fromSent) / seconds,
      slowestMs,
      processorShare: (100 * (cpuOf(meter) - fromS)) / seconds,
      restarts: unit.restarts().length - restartsBefore,
    };
  } finally {
    running?.stop();
  }
}

async function rowsOf(board: string, sessions: number): Promise<Row[]> {
  const unit = await startAttackedUnit(board);
  const rows: Row[] = [];
  try {
    for (const attack of [undefined, ...attacksOn(board)]) {
      const { perSecond, slowestMs, processorShare, restarts } = await measure(unit, attack, sessions);
      const row = (metric: string, value: number, unitName: string, goal: number | null) =>
        rows.push({ case: `${board}/${attack?.name ?? "no attack"}`, metric, value, unit: unitName, peer: null, goal });
      if (attack !== undefined) row("attack", perSecond, `${attack.unit}/s`, null);
      row("slowest session", slowestMs, "ms", SESSION_GOAL_MS);
      row("processor", processorShare, "%", null);
      const peak = arenaPeak(unit);
      if (peak !== undefined) row("arena, peak so far", peak, "B", null);
      else row("process, in memory", residentOf({ pids: [processOf(unit)] }, "VmRSS"), "B", null);
      row("restarts", restarts, "", 0);
    }
  } finally {
    await unit.stop();
  }
  return rows;
}

export const bench: Bench = {
  async run({ quick }) {
    const rows: Row[] = [];
    for (const board of quick ? BOARDS.slice(0, 1) : BOARDS) rows.push(...(await rowsOf(board, quick ? 1 : SESSIONS)));
    return rows;
  },
};
