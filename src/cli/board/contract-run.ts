/** Runs the port contract on an attached board, and reads what it says of itself. */
import { type BareImage, bareImages, throwawayMaker } from "#boards/qemu-mps2/host/bare-unit.ts";
import type { Board } from "#boards/sim/host/board.ts";
import { CliTrouble } from "#cli/trouble.ts";
import { buildScript } from "#factory/bundle/bundle.ts";
import type { OpenLine } from "#factory/serial/serial-line.ts";
import { onTextLine } from "#factory/serial/text-lines.ts";
import { readyRuntime } from "#firmware/ready-images.ts";
import { readBytes } from "#trust/host/files.ts";

/** Between two lines of the contract: an emulated board on a busy machine takes a minute to start. */
const SILENCE_MS = 180_000;
const LOG_LINES_MAX = 500;

/** One promise of the port. */
export interface Promised {
  readonly name: string;
  readonly isKept: boolean;
  /** What was found where it is not kept. */
  readonly found?: string;
}

export interface ContractRun {
  readonly promises: readonly Promised[];
  /** What the board said besides, the last lines of it. */
  readonly log: readonly string[];
}

/** The flash of a board that runs the contract, with keys that are thrown away. */
export async function contractImages(board: Board): Promise<readonly BareImage[]> {
  const { bytes } = await buildScript(`import { port } from "./boards/${board.name}/port.ts";
import { runContract } from "./boards/port-contract/contract.ts";
runContract(port, ${board.flash.regions.jsB.start});`);
  const native = new Uint8Array(readBytes(await readyRuntime(board.name, { tls: false, modelled: false })));
  return bareImages(board, throwawayMaker(), native, bytes);
}

/** What the loader said at its end, and a line's noise, are no text. */
const BESIDES_TEXT = /[\p{Cc}\ufffd]+/gu;

function promiseOf(text: string): Promised | undefined {
  const [, name, verdict, found = ""] = /^contract (.+?) (ok|FAILED)(?: (.*))?$/.exec(text) ?? [];
  if (name === undefined) return undefined;
  return verdict === "ok" ? { name, isKept: true } : { name, isKept: false, found };
}

/**
 * Resolves with the contract's end.
 * @param seen Told of each promise.
 * @throws CliTrouble when the board says nothing of the contract for three minutes
 */
export function hearContract(line: OpenLine, seen: (promised: Promised) => void): Promise<ContractRun> {
  const promises: Promised[] = [];
  const log: string[] = [];
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout;
    const end = () => {
      clearTimeout(timer);
      stop();
    };
    const fail = () => {
      end();
      const last = promises.at(-1)?.name;
      const where = last === undefined ? "began no port contract" : `fell silent after "${last}"`;
      const said = log.at(-1) === undefined ? "" : `, and said last: ${log.at(-1)}`;
      reject(new CliTrouble(`the board on ${line.name} ${where}${said}; start it again, or look at its log`));
    };
    const wait = () => {
      clearTimeout(timer);
      timer = setTimeout(fail, SILENCE_MS);
    };
    const stop = onTextLine(line, (text) => {
      wait();
      const promised = promiseOf(text);
      if (promised !== undefined) {
        promises.push(promised);
        seen(promised);
      } else if (text !== "contract end") {
        log.push(text.replace(BESIDES_TEXT, ""));
        if (log.length > LOG_LINES_MAX) log.shift();
      } else if (promises.length > 0) {
        end();
        resolve({ promises, log });
      }
    });
    void line.ended.then(fail);
    wait();
  });
}
