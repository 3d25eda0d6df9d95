/** `latchkey size`: shows the parts of the device bundle, against the board's budget. */
import type { Command } from "commander";
import { readBoard } from "#boards/sim/host/board.ts";
import { buildBundle } from "#factory/bundle/bundle.ts";
import { readFlashConfig } from "#factory/config.ts";

/** Bytes of the bundle by room, largest first. */
function byRoom(shares: ReadonlyMap<string, number>): [room: string, bytes: number][] {
  const rooms = new Map<string, number>();
  for (const [path, bytes] of shares) {
    const [top = "", room = ""] = path.split("/");
    const name = top === "src" || top === "boards" ? `${top}/${room}` : "entry";
    rooms.set(name, (rooms.get(name) ?? 0) + bytes);
  }
  return [...rooms].sort((a, b) => b[1] - a[1]);
}

export function register(command: Command): void {
  command
    .option("--board <name>", "a folder of boards/", "sim")
    .option("--config <file>", "which app", "flash.config.json")
    .option("--files", "each file, not only each room")
    .option("--json", "print one JSON object")
    .action(async (options: { board: string; config: string; files?: boolean; json?: boolean }) => {
      const board = readBoard(options.board);
      const product = { ...readFlashConfig(options.config), board: board.name };
      const bundle = await buildBundle(product, { release: "size", atS: 0 });
      const limit = board.budgets.bundleBytes;
      const parts = options.files ? [...bundle.shares].sort((a, b) => b[1] - a[1]) : byRoom(bundle.shares);
      if (options.json) {
        const whole = {
          board: board.name,
          bundleBytes: bundle.bytes.length,
          limit,
          parts: Object.fromEntries(parts),
        };
        process.stdout.write(`${JSON.stringify(whole)}\n`);
      } else {
        for (const [name, bytes] of parts) process.stdout.write(`${String(bytes).padStart(8)}  ${name}\n`);
        process.stdout.write(
          `${String(bundle.bytes.length).padStart(8)}  bundle, of ${limit} that ${board.name} allows\n`,
        );
      }
      if (bundle.bytes.length > limit) process.exitCode = 1;
    });
}
