/** Verifies signatures in the simulated board's engine, within the board's own arena. */
import { assert } from "#base/assert.ts";
import { type StartVerifier, verifierLine } from "#boards/verifier/board-verifier.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { readBoard } from "./board.ts";
import { CODE_BYTES, type NativeObject, startEngine } from "./engine.ts";
import type { GuestFunction } from "./marshal.ts";

const DEADLINE_MS = 5000;

export const startVerifier: StartVerifier = async (script) => {
  const { heapBytes, stackBytes = 65_536 } = readBoard("sim").budgets;
  let receiver: GuestFunction | undefined;
  let said = "";
  const native = {
    onEvent: (receive: GuestFunction) => {
      receiver = receive;
    },
    crypto: { ...nodePrimitives },
    console: {
      write: (bytes: Uint8Array) => {
        said += new TextDecoder().decode(bytes);
      },
    },
  };
  const engine = await startEngine(native as unknown as NativeObject, {
    heapBytes: CODE_BYTES + heapBytes,
    stackBytes,
    deadlineMs: DEADLINE_MS,
  });
  engine.evaluate(new TextDecoder().decode(script), "verifier.js");
  return {
    async verify(signatureCase) {
      assert(receiver !== undefined, "the verifier's script listens");
      said = "";
      const bytes = new TextEncoder().encode(verifierLine(signatureCase));
      engine.call(receiver, { kind: "console-data", bytes });
      return said === "verify accept\n";
    },
    close: async () => undefined,
  };
};
