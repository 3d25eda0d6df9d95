/** Runs trials: sends simulated frames to a unit in a separate process, and judges which network the unit joins. */
import { type ChildProcess, fork } from "node:child_process";
import { equal, toHex } from "#base/bytes.ts";
import { builtPath } from "#boards/sim/host/programs.ts";
import type { Frame } from "#wire/air/frame.ts";
import { FRAME_NUMBERS, type FromDecider, type Station, type ToDecider } from "./air-decider.ts";
import { AES_KEY, AIR_KEY, isKeyed } from "./air-message.ts";
import { createTrial, type Trial, type TrialOptions } from "./air-trial.ts";

/** Trials under way at once, so that both processes have work. */
const WINDOW = 24;

export interface Verdict {
  readonly runs: number;
  readonly wrong: number;
  /** Seconds to credentials of the successful runs, ascending. */
  readonly seconds: readonly number[];
  readonly payloadBits: number;
}

export interface Judge {
  /** Judges many trials; `trialOf` makes the n-th. */
  judge(runs: number, trialOf: (n: number) => TrialOptions): Promise<Verdict>;
  close(): void;
}

/** Sorts frames' addresses into a table that the decider gets once. */
function packFrames(frames: readonly Frame[], stations: Station[], numberOf: Map<string, number>): Float64Array {
  const numbers = new Float64Array(frames.length * FRAME_NUMBERS);
  frames.forEach(({ us, seq, bodyBytes, ...header }, i) => {
    const { bssid, sa, da, ds, tid, retry } = header;
    const key = `${toHex(bssid)}${toHex(sa)}${toHex(da)}${ds}${tid}${retry}`;
    let station = numberOf.get(key);
    if (station === undefined) {
      station = stations.length;
      stations.push(header);
      numberOf.set(key, station);
    }
    numbers.set([us, station, seq, bodyBytes], i * FRAME_NUMBERS);
  });
  return numbers;
}

interface Running {
  readonly trial: Trial;
  readonly isKeyed: boolean;
}

export function openJudge(): Judge {
  const path = builtPath("test/bench/air-decider-process.ts");
  const decider: ChildProcess = fork(path, { execArgv: ["--enable-source-maps"], serialization: "advanced" });
  const tell = (message: ToDecider) => void decider.send(message);
  let nextRun = 0;
  return {
    close: () => decider.disconnect(),
    judge(runs, trialOf) {
      return new Promise((resolve, reject) => {
        const running = new Map<number, Running>();
        const seconds: number[] = [];
        let started = 0;
        let over = 0;
        let wrong = 0;
        let payloadBits = 0;
        // The table of addresses is made per batch and sent with "open", so every run gets its first batch's.
        const tables = new Map<number, { stations: Station[]; numberOf: Map<string, number> }>();

        function feed(run: number, { trial, isKeyed }: Running): boolean {
          const frames = trial.next();
          if (frames === undefined) return false;
          const table = tables.get(run) as { stations: Station[]; numberOf: Map<string, number> };
          const before = table.stations.length;
          const numbers = packFrames(frames, table.stations, table.numberOf);
          if (table.stations.length > before && before > 0) tell({ kind: "stations", run, stations: table.stations });
          else if (before === 0) {
            const { networks, bootedMs } = trial;
            const options = { airKey: AIR_KEY, ...(isKeyed ? { aesKey: AES_KEY } : {}), networks, bootedMs };
            tell({ kind: "open", run, options, stations: table.stations });
          }
          tell({ kind: "frames", run, numbers });
          return true;
        }

        function start() {
          const n = started++;
          const options = trialOf(n);
          const run = nextRun++;
          const each = { trial: createTrial(options), isKeyed: isKeyed(options.protocol) };
          payloadBits = each.trial.payloadBits;
          tables.set(run, { stations: [], numberOf: new Map() });
          running.set(run, each);
          feed(run, each);
        }

        function end(run: number) {
          running.delete(run);
          tables.delete(run);
          tell({ kind: "close", run });
          over++;
          if (started < runs) start();
          else if (over === runs) {
            decider.off("message", take);
            decider.off("exit", fail);
            resolve({ runs, wrong, seconds: seconds.sort((a, b) => a - b), payloadBits });
          }
        }

        function take(message: unknown) {
          const { run, found } = message as FromDecider;
          const each = running.get(run);
          if (each === undefined) return;
          if (found === undefined) {
            if (!feed(run, each)) end(run);
            return;
          }
          const { protocol, ssid, passphrase, reserved } = each.trial.truth;
          const isRight =
            found.protocol === protocol &&
            equal(found.ssid, ssid) &&
            equal(found.passphrase, passphrase) &&
            equal(found.reserved, reserved);
          if (!isRight) wrong++;
          seconds.push(found.us / 1e6);
          end(run);
        }
        const fail = () => reject(new Error("the deciding process ended"));
        decider.on("message", take);
        decider.on("exit", fail);
        for (let i = 0; i < Math.min(WINDOW, runs); i++) start();
      });
    },
  };
}
