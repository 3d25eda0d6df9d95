/** Builds every image that the tests start, so that no test waits for a compiler: `node bin/run.mjs firmware/build/build-all.ts`. */

import { BuildStop } from "./build-stop.ts";
import { buildHost } from "./host.ts";
import { buildBoot, buildRuntime } from "./image.ts";
import { FIRMWARE_BOARDS, LINUX_BOARDS } from "./layout.ts";
import { buildLinux, canBuild } from "./linux.ts";

try {
  for (const board of FIRMWARE_BOARDS) {
    await buildBoot(board);
    for (const tls of [false, true]) {
      const { compiled } = await buildRuntime(board, { tls });
      process.stderr.write(`latchkey: firmware of ${board}${tls ? " with TLS" : ""}: ${compiled} files compiled\n`);
    }
  }
  for (const board of LINUX_BOARDS.filter(canBuild)) {
    const { compiled } = await buildLinux(board);
    process.stderr.write(`latchkey: program for ${board}: ${compiled} files compiled\n`);
  }
  await buildHost();
} catch (error) {
  if (!(error instanceof BuildStop)) throw error;
  process.stderr.write(`latchkey: ${error.message}\n`);
  process.exitCode = 1;
}
