/** What a board's images take of its budgets in board.json. */
import type { Image } from "./image.ts";
import { layoutOf } from "./layout.ts";

export interface Images {
  readonly boot: Image;
  readonly runtime: Image;
  /** Whether the runtime has the TLS client: its text has a budget of its own. */
  readonly tls?: boolean;
}

/** What each part takes, and its budget in board.json. */
function takes(name: string, { boot, runtime, tls = false }: Images): readonly (readonly [string, number, number])[] {
  const { budgets } = layoutOf(name).board;
  return [
    ["text", runtime.textBytes, (tls ? budgets.textTlsBytes : budgets.textBytes) ?? 0],
    ["ram", runtime.ramBytes, budgets.ramBytes ?? 0],
    ["boot", boot.textBytes, budgets.bootBytes ?? 0],
  ];
}

export function sizeLines(name: string, images: Images): string {
  return takes(name, images)
    .map(([what, bytes, budget]) => `${what.padEnd(5)} ${String(bytes).padStart(7)} B of ${budget} B`)
    .join("\n");
}

/** A line for each budget that is exceeded. */
export function exceeded(name: string, images: Images): readonly string[] {
  return takes(name, images)
    .filter(([, bytes, budget]) => bytes > budget)
    .map(([what, bytes, budget]) => `${what} takes ${bytes} B, the budget in board.json is ${budget} B`);
}
