/** A bare emulated unit that verifies signatures over its console, one at a time. */
import { readBoard } from "#boards/sim/host/board.ts";
import { openSimStation } from "#boards/sim/host/station.ts";
import { type BoardVerifier, verifierLine } from "#boards/verifier/board-verifier.ts";
import { makeBareUnit } from "./bare-unit.ts";

const ANSWER_MS = 30_000;

/** @param script The board's program. @param flashPath A file that may be written. Rejects when the unit doesn't start. */
export async function startJudge(board: string, script: Uint8Array, flashPath: string): Promise<BoardVerifier> {
  await makeBareUnit(board, flashPath, script);
  const station = openSimStation(readBoard(board), flashPath, "127.0.0.1:1");
  await station.power(true);
  const unit = station.unit();
  let heard: ((word: string) => void) | undefined;
  unit?.onLine((line) => {
    const found = /^verify (ready|accept|reject)$/.exec(line);
    if (found !== null) heard?.(found[1] as string);
  });
  const answer = () =>
    new Promise<string>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`board ${board} gave no verdict: ${unit?.errors()}`)), ANSWER_MS);
      heard = (word) => {
        clearTimeout(timer);
        resolve(word);
      };
    });
  await answer();
  return {
    async verify(signatureCase) {
      const verdict = answer();
      unit?.write(verifierLine(signatureCase));
      return (await verdict) === "accept";
    },
    close: () => station.power(false),
  };
}
