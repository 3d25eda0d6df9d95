/**
 * A unit whose flash is a NOR chip behind /dev/mtd, under Debian's kernel: the chip is QEMU's model of one on an Aspeed AST2600. What
 * can't hold a unit's flash is refused in one line.
 */
import { expect, test } from "vitest";
import { readBoard } from "#boards/sim/host/board.ts";
import { AST2600, runInGuest, whyNoArmGuest } from "./arm-guest.ts";
import { NOR_BOARD, norChip } from "./nor-chip.ts";

const MEMORY_KB_MAX = 8_000;
const SPARE = readBoard(NOR_BOARD).flash.regions.jsB?.start ?? 0;

test.skipIf(whyNoArmGuest() !== undefined)(
  "every promise of the port is kept on a NOR chip, in less than 8 MB of memory, and two starts find the same compiled code",
  async () => {
    const { files, qemu } = await norChip(
      `import { port } from "./boards/${NOR_BOARD}/port.ts";
import { runContract } from "./boards/port-contract/contract.ts";
runContract(port, ${SPARE});`,
    );
    const said = await runInGuest(
      AST2600,
      files,
      `
until [ -c /dev/mtd0 ]; do sleep 0.1; done
cat /sys/class/mtd/mtd0/type /sys/class/mtd/mtd0/erasesize
run() {
  ./unit --flash /dev/mtd0 < /dev/null > /tmp/$1 2>&1 & unit=$!
  until grep -qs '^contract end' /tmp/$1; do sleep 0.2; kill -0 $unit || break; done
  sed "s/^/$1: /" /tmp/$1
  read runtime < /proc/$unit/task/$unit/children
  sed -n "s/^VmHWM:/$1 memory /p" /proc/$runtime/status
  kill -9 $unit
  # Its program ends with it, and until then has the flash to itself.
  while [ -e /proc/$runtime ] && ! grep -q '^State:.Z' /proc/$runtime/status; do sleep 0.1; done
}
run first
run second
./unit --flash /dev/mtdblock0; echo "block $?"
./unit --flash /dev/null; echo "null $?"
exit 0`,
      { qemu },
    );
    expect(said).toMatch(/^nor\n4096$/m);
    for (const start of ["first", "second"]) {
      const lines = said.split("\n").filter((line) => line.startsWith(`${start}: contract `));
      expect(lines.at(-1), said).toBe(`${start}: contract end`);
      expect(lines.slice(0, -1).filter((line) => !line.endsWith(" ok"))).toEqual([]);
      expect(lines.length).toBeGreaterThan(26);
      expect(Number(new RegExp(`${start} memory\\s+(\\d+) kB`).exec(said)?.[1]), said).toBeLessThan(MEMORY_KB_MAX);
    }
    expect(said).toMatch(/^first: latchkey: compiled \d+$/m);
    expect(said).not.toMatch(/^second: latchkey: compiled/m);
    expect(said).toMatch(
      /mtdblock0: it is a block device \(expected a file, or an MTD device as \/dev\/mtd0\)\nblock 2/,
    );
    expect(said).toMatch(/null: it is no MTD device \(expected .*\)\nnull 2/);
  },
);
