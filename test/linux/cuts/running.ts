/** A unit that runs somewhere and is cut off from one moment to the next. */
import { spawn } from "node:child_process";
import { whileProgressing } from "../../progress.ts";
import type { Place } from "./forwarded.ts";
import { BOARD, type Subject } from "./subject.ts";

const PORT = BOARD.network.tcpPort;

/** What a NOR chip is at, and how much it has done since the unit's start. */
export interface ChipState {
  readonly at: "none" | "program" | "erase";
  readonly programs: number;
  readonly erases: number;
}

export interface Running {
  /** Where its sessions are reached. */
  readonly at: Place;
  /** What it has said so far. */
  said(): string;
  /** Waits until it has said this. Rejects when it falls silent or ends before. */
  hear(pattern: RegExp): Promise<void>;
  /** Once nothing of it runs any more, by whatever end. */
  readonly ended: Promise<void>;
  /** Takes its power. Resolves once nothing of it runs any more. */
  cut(): Promise<void>;
  /** After the cut, of a unit whose flash is a NOR chip. */
  chip?(): ChipState;
}

/** What a program says, and a wait for words of it. */
export function listenTo(streams: readonly NodeJS.ReadableStream[], ended: Promise<void>) {
  let said = "";
  let hasEnded = false;
  const heard = new Set<() => void>();
  const tell = () => {
    for (const each of heard) each();
  };
  for (const stream of streams)
    stream.on("data", (bytes) => {
      said += bytes;
      tell();
    });
  void ended.then(() => {
    hasEnded = true;
    tell();
  });
  return {
    said: () => said,
    hear: (pattern: RegExp): Promise<void> =>
      whileProgressing(
        (progress) =>
          new Promise<void>((resolve, reject) => {
            const look = () => {
              progress();
              if (pattern.test(said)) resolve();
              else if (hasEnded) reject(new Error(`it ended before it said ${pattern}: ${said}`));
              else return;
              heard.delete(look);
            };
            heard.add(look);
            look();
          }),
        () => `nothing like ${pattern}; it said: ${said}`,
      ),
  };
}

/** Starts it on this machine; kill -9 is its power cut. */
export function runHere(subject: Subject, flash: string, radioPort: number, host: string): Running {
  // Ends with this process, also when that one is killed.
  const words = ["--pdeathsig", "KILL", subject.program, "--flash", flash, "--air", `127.0.0.1:${radioPort}`];
  const unit = spawn("setpriv", words, { stdio: ["ignore", "pipe", "pipe"] });
  // The streams close once the last of its processes is gone.
  const ended = new Promise<void>((resolve) => unit.once("close", () => resolve()));
  return {
    at: { host, port: PORT, name: `${host}:${PORT}` },
    ended,
    ...listenTo([unit.stdout, unit.stderr], ended),
    async cut() {
      unit.kill("SIGKILL");
      await ended;
    },
  };
}
