/** The Linux board's programs for Arm keep the port contract, under Debian's kernel for 64-bit Arm, within their memory. */
import { statSync } from "node:fs";
import { expect, test } from "vitest";
import { readBoard } from "#boards/sim/host/board.ts";
import { imagePaths } from "#firmware/image.ts";
import { runInGuest, VIRT, whyNoArmGuest } from "./arm-guest.ts";
import { bareFlash } from "./bare-flash.ts";

const BOARDS = ["linux-arm64", "linux-armhf"];
const PROGRAM_BYTES_MAX = 3_000_000;
const MEMORY_KB_MAX = 8_000;

/** A unit whose bundle runs the contract. */
const contractUnit = (board: string) =>
  bareFlash(
    board,
    `import { port } from "./boards/${board}/port.ts";
import { runContract } from "./boards/port-contract/contract.ts";
runContract(port, ${readBoard(board).flash.regions.jsB.start});`,
  );

const RUN = (board: string) => `
./${board} --flash /${board}.bin < /dev/null > /tmp/${board} 2>&1 & unit=$!
until grep -qs '^contract end' /tmp/${board}; do sleep 0.2; kill -0 $unit || break; done
sed 's/^/${board}: /' /tmp/${board}
read runtime < /proc/$unit/task/$unit/children
sed -n 's/^VmHWM:/${board} memory /p' /proc/$runtime/status
kill -9 $unit
`;

test.skipIf(whyNoArmGuest() !== undefined)(
  `every promise of the port is kept by ${BOARDS.join(" and ")}, each in less than 8 MB of memory`,
  async () => {
    const files = Object.assign({}, ...(await Promise.all(BOARDS.map(contractUnit))));
    const said = await runInGuest(VIRT, files, `${BOARDS.map(RUN).join("")}exit 0`);
    for (const board of BOARDS) {
      const lines = said.split("\n").filter((line) => line.startsWith(`${board}: contract `));
      expect(lines.at(-1), said).toBe(`${board}: contract end`);
      const promises = lines.slice(0, -1);
      expect(promises.filter((line) => !line.endsWith(" ok"))).toEqual([]);
      expect(promises.length).toBeGreaterThanOrEqual(26);
      const memory = new RegExp(`${board} memory\\s+(\\d+) kB`).exec(said);
      expect(Number(memory?.[1]), said).toBeLessThan(MEMORY_KB_MAX);
      expect(statSync(imagePaths(board).runtime).size).toBeLessThan(PROGRAM_BYTES_MAX);
    }
  },
);
