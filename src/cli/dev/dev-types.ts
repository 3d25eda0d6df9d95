/** Asks the type checker's process what is wrong with an app's types. */
import type { Board } from "#boards/sim/host/board.ts";
import { type Child, startProgram } from "#boards/sim/host/child.ts";
import type { FlashConfig } from "#factory/config.ts";

interface DevTypes {
  /** Checks what is saved now, and tells: `file:line:column: text`, or undefined. Of several asked for at once only the last counts. */
  check(tell: (trouble: string | undefined) => void): void;
  close(): Promise<void>;
}

export function openDevTypes(config: FlashConfig, board: Board): DevTypes {
  let checker: Child | undefined;
  let isBusy = false;
  let next: ((trouble: string | undefined) => void) | undefined;
  let told: (trouble: string | undefined) => void = () => undefined;

  function start(): Child {
    const child = startProgram("src/cli/dev/type-checker.ts", [config.app, board.name], true);
    child.onMessage((message) => {
      isBusy = false;
      if (next === undefined) told((message as { readonly trouble: string | null }).trouble ?? undefined);
      else ask(next);
    });
    void child.exited.then(() => {
      if (checker !== child) return;
      checker = undefined;
      isBusy = false;
    });
    return child;
  }

  function ask(tell: (trouble: string | undefined) => void): void {
    next = undefined;
    told = tell;
    isBusy = true;
    checker ??= start();
    checker.send({ check: true });
  }

  return {
    check(tell) {
      if (isBusy) next = tell;
      else ask(tell);
    },
    async close() {
      const ended = checker;
      checker = undefined;
      await ended?.stop();
    },
  };
}
