/** How fast credentials get across a simulated air, and whether any are ever wrong. */

import { type Judge, openJudge, type Verdict } from "./air-judge.ts";
import type { TrialProtocol as AnyProtocol } from "./air-message.ts";
import { plotAir } from "./air-plot.ts";
import type { TrialPayload } from "./air-trial.ts";
import type { Bench, Row } from "./row.ts";

/** The pace that the fastest protocol sends at, and what a length carries: the ceiling of any protocol here. */
const CEILING_BITS_PER_S = 200 * 10;
const BURST_FRAMES = 8;

type TrialProtocol = Extract<AnyProtocol, "air" | "esptouch-v1" | "esptouch-v2" | "airkiss" | "ti-cc3200" | "tuya-ez">;

interface Cell {
  readonly protocol: TrialProtocol;
  readonly payload: TrialPayload;
  readonly lossPercent: number;
  readonly isBurst: boolean;
  readonly channels: 1 | 3;
  /** False where the network hides its name, so that the receiver's scan doesn't tell it. */
  readonly isScanned: boolean;
}

const PAYLOADS: Readonly<Record<TrialProtocol, readonly TrialPayload[]>> = {
  air: ["short", "long", "sealed64"],
  "esptouch-v1": ["short", "long"],
  "esptouch-v2": ["short", "long", "sealed64"],
  airkiss: ["short", "long"],
  "ti-cc3200": ["long"],
  "tuya-ez": ["long"],
};

/** The loss at which each older protocol must bring the longest credentials. */
const LONG_LOSS_PERCENT = 30;

/**
 * What the emulated ESP32-C3's callback had to drop on a busy machine, 118 of 312 frames that it heard until an onboarding was whole
 * (docs/boards/esp32-emulated.md). A full ring loses single frames: it has room again for each that the runtime takes.
 */
const CALLBACK_LOSS_PERCENT = 38;

/** Medians to reach at 1ch, iid: design section 6. */
const GOALS: Readonly<Record<string, number>> = {
  "air/sealed64/iid0": 0.45,
  "air/sealed64/iid10": 0.5,
  "air/sealed64/iid30": 0.65,
  "air/sealed64/iid50": 0.9,
  "esptouch-v1/short/iid0": 3.3,
  "esptouch-v1/short/iid10": 4.7,
  "esptouch-v1/short/iid30": 11.7,
  "esptouch-v2/short/iid0": 0.9,
  "esptouch-v2/short/iid10": 1.3,
  "esptouch-v2/short/iid30": 2.7,
  "airkiss/short/iid0": 1.7,
  "airkiss/short/iid10": 2.2,
  "airkiss/short/iid30": 6.4,
};
const P999_GOAL = 3;
const PEERS: Readonly<Record<string, string>> = {
  "air/sealed64": "esptouch-v2-aes",
  "esptouch-v1/short": "espressif-v1",
  "esptouch-v2/short": "espressif-v2",
  "airkiss/short": "tencent-airkiss",
};

function cells(): Cell[] {
  const all: Cell[] = [];
  for (const protocol of Object.keys(PAYLOADS) as TrialProtocol[]) {
    for (const payload of PAYLOADS[protocol]) {
      for (const isBurst of [false, true]) {
        for (const lossPercent of [0, 10, 20, 30, 40, 50]) {
          if (isBurst && lossPercent === 0) continue;
          const isLongOnly = protocol === "ti-cc3200" || protocol === "tuya-ez";
          if (isLongOnly && (isBurst || lossPercent !== LONG_LOSS_PERCENT)) continue;
          const cell = { protocol, payload, lossPercent, isBurst };
          for (const channels of [1, 3] as const) all.push({ ...cell, channels, isScanned: true });
          // What ESP-TOUCH v2 is worth without the name from the scan (ADR 0042).
          if (protocol === "esptouch-v2" && !isBurst) all.push({ ...cell, channels: 1, isScanned: false });
        }
      }
    }
  }
  const dropped = {
    protocol: "air",
    lossPercent: CALLBACK_LOSS_PERCENT,
    isBurst: false,
    channels: 1,
    isScanned: true,
  } as const;
  return [...all, { ...dropped, payload: "sealed64" }, { ...dropped, protocol: "esptouch-v2", payload: "short" }];
}

const quantile = (ascending: readonly number[], share: number) =>
  ascending[Math.min(ascending.length - 1, Math.floor(share * ascending.length))] ?? Number.NaN;

/** The 99.9th percentile is given where 5,000 runs make one: Air's own payload on one channel. */
const hasTail = (cell: Cell) => cell.protocol === "air" && cell.payload === "sealed64" && cell.channels === 1;

function rowsOf(cell: Cell, verdict: Verdict): Row[] {
  const { protocol, payload, lossPercent, isBurst, channels, isScanned } = cell;
  const loss = `${isBurst ? "burst" : "iid"}${lossPercent}`;
  const name = `${protocol}/${payload}/${loss}/${channels}ch${isScanned ? "" : "/unscanned"}`;
  const peer = PEERS[`${protocol}/${payload}`] ?? null;
  const goal = channels === 1 && isScanned ? (GOALS[`${protocol}/${payload}/${loss}`] ?? null) : null;
  const { runs, wrong, seconds, payloadBits } = verdict;
  const row = (metric: string, value: number, unit: string, wanted: number | null = null): Row => {
    return { case: name, metric, value: Number(value.toPrecision(4)), unit, peer, goal: wanted };
  };
  const mustAll = protocol !== "air" && payload === "long" && loss === `iid${LONG_LOSS_PERCENT}`;
  const rows = [row("success", seconds.length / runs, "1", mustAll ? 1 : null), row("wrong", wrong, "1", 0)];
  if (seconds.length === 0) return rows;
  const median = quantile(seconds, 0.5);
  const least = payloadBits / (CEILING_BITS_PER_S * (1 - lossPercent / 100));
  rows.push(row("median", median, "s", goal), row("p90", quantile(seconds, 0.9), "s"));
  if (hasTail(cell)) rows.push(row("p999", quantile(seconds, 0.999), "s", loss === "iid50" ? P999_GOAL : null));
  return [...rows, row("capacity-ratio", least / median, "1")];
}

/** As many runs as the figure needs; a quick look spends its few on the cells that have a goal. */
function runsOf(cell: Cell, quick: boolean): number {
  if (!quick) return hasTail(cell) ? 5000 : 200;
  if (cell.payload === "long" || cell.isBurst || cell.channels === 3 || !cell.isScanned) return 1;
  return cell.protocol === "air" ? 40 : 12;
}

async function runCell(judge: Judge, cell: Cell, quick: boolean): Promise<Row[]> {
  const { protocol, payload, lossPercent, isBurst, channels, isScanned } = cell;
  const rate = lossPercent / 100;
  const verdict = await judge.judge(runsOf(cell, quick), (n) => ({
    protocol,
    payload,
    loss: isBurst ? { rate, burstFrames: BURST_FRAMES } : { rate },
    seed: 1 + n,
    isScanned,
    channels,
  }));
  return rowsOf(cell, verdict);
}

export const bench: Bench = {
  async run({ quick }) {
    const judge = openJudge();
    try {
      const rows: Row[] = [];
      for (const cell of cells()) rows.push(...(await runCell(judge, cell, quick)));
      return rows;
    } finally {
      judge.close();
    }
  },
  plot: plotAir,
};
