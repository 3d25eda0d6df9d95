/**
 * A station for simulated and emulated units: the flash is a file, the unit a process, the console its standard
 * streams.
 */
import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import { append, readBytes } from "#trust/host/files.ts";
import {
  decodeFactoryLine,
  encodeFactoryLine,
  type FactoryAnswer,
  type FactoryRequest,
} from "#wire/lines/factory-line.ts";
import type { Board } from "./board.ts";
import { type Child, startProgram } from "./child.ts";
import { createFlashFile, FlashFileError } from "./flash-file.ts";

/** A unit compiles its bundle in its first start; an emulated one on a busy machine takes half a minute for that. */
const ANSWER_MS = 60_000;

/** The simulated board's button is a message to its process; an emulated chip has its own. */
const hasButton = ({ name }: Board) => name === "sim";

/** The unit does not do what the line wants of it. The message is one line that says what to do. */
export class StationError extends Error {
  override readonly name = "StationError";
}

export interface SimStation {
  flash(images: readonly { readonly address: number; readonly bytes: Uint8Array }[]): Promise<void>;
  /** @param cut Where power fails again by itself, as `OPERATION:TEAR` (flash-file.ts). */
  power(on: boolean, cut?: string): Promise<void>;
  ask(request: FactoryRequest): Promise<FactoryAnswer>;
  /**
   * Holds the unit's button for the given time. Resolves once the button is released.
   * @throws StationError for a board whose button this machine cannot press, and for a unit without power.
   */
  press(holdMs: number): Promise<void>;
  /** The unit's process while it has power. */
  unit(): Child | undefined;
}

/**
 * @param flashPath The unit's flash file. What the unit says is kept beside it, in `.log`.
 * @param radio     HOST:PORT of the air.
 * @param more      Further arguments for the unit's process.
 */
export function openSimStation(
  board: Board,
  flashPath: string,
  radio: string,
  more: readonly string[] = [],
): SimStation {
  let unit: Child | undefined;
  const logPath = `${flashPath}.log`;
  return {
    async flash(images) {
      createFlashFile(flashPath, board.flash);
      const file = openSync(flashPath, "r+");
      for (const { address, bytes } of images) writeSync(file, bytes, 0, bytes.length, address);
      fsyncSync(file);
      closeSync(file);
      const held = Buffer.from(readBytes(flashPath));
      for (const { address, bytes } of images) {
        if (held.compare(bytes, 0, bytes.length, address, address + bytes.length) !== 0) {
          throw new FlashFileError(
            `the flash file ${flashPath} does not hold what was written; check the disk and flash again`,
          );
        }
      }
    },
    async power(on, cut) {
      await unit?.kill();
      unit = undefined;
      if (!on) return;
      const args = ["--board", board.name, "--flash", flashPath, "--radio", radio, ...more];
      const all = cut === undefined ? args : [...args, "--cut", cut];
      unit = startProgram(`boards/${board.name}/host/unit.ts`, all, true);
      const keep = (line: string) => append(logPath, `${line}\n`);
      // What tools and unit say to each other is no log, and holds what only they should know.
      unit.onLine((line) => /^[~!]/.test(line) || keep(line));
      unit.onNotice((notice) => keep(JSON.stringify(notice)));
    },
    ask(request) {
      const asked = unit;
      if (asked === undefined) return Promise.reject(new StationError("the unit has no power; switch it on first"));
      return new Promise((resolve, reject) => {
        const fail = (what: string) =>
          reject(new StationError(`${what}${lastWordsOf(asked)}; see ${logPath}, try again`));
        const timer = setTimeout(
          () => fail(`the unit did not answer "${request.kind}" in ${ANSWER_MS / 1000} s`),
          ANSWER_MS,
        );
        asked.onLine((line) => {
          const message = decodeFactoryLine(line);
          if (message === undefined) return;
          clearTimeout(timer);
          if (message.ok) resolve(message.value as FactoryAnswer);
          else reject(new StationError("the unit's answer is damaged; check the cable"));
        });
        void asked.exited.then((code) => fail(`the unit stopped (exit ${code})`));
        asked.write(encodeFactoryLine(request));
      });
    },
    press(holdMs) {
      const pressed = unit;
      if (!hasButton(board)) {
        return Promise.reject(
          new StationError(`the button of the board ${board.name} cannot be pressed by this machine`),
        );
      }
      if (pressed === undefined) return Promise.reject(new StationError("the unit has no power; switch it on first"));
      return new Promise((resolve, reject) => {
        pressed.onMessage((message) => {
          if ((message as { released?: unknown }).released === holdMs) resolve();
        });
        void pressed.exited.then(() => reject(new StationError("the unit stopped while its button was held")));
        pressed.send({ press: holdMs });
      });
    },
    unit: () => unit,
  };
}

/** The last line that the unit's process complained with, if any. */
function lastWordsOf(unit: Child): string {
  const last = unit.errors().trim().split("\n").at(-1);
  return last ? `: ${last}` : "";
}
