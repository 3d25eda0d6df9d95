/** `latchkey factory recover`: writes a release to a unit whose flash holds no image that verifies. */
import { statSync } from "node:fs";
import type { Command } from "commander";
import { powerOff, startEmulator } from "#boards/qemu-mps2/host/emulator.ts";
import { readBoard } from "#boards/sim/host/board.ts";
import { sayTrouble } from "#cli/say-trouble.ts";
import { RecoveryError, type RecoveryImages, recover, type SerialLine } from "#factory/recover.ts";
import { openLine } from "#factory/serial/open-line.ts";
import { readyBoot } from "#firmware/ready-images.ts";
import { refuseFolder } from "#trust/host/files.ts";
import { readReleaseFile } from "#trust/host/release-file.ts";

interface Options {
  readonly board: string;
  readonly flash?: string;
  readonly line?: string;
}

const START_MS = 60_000;

/** Resolves with the boot stage's line about what it starts. */
function started(line: SerialLine): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () =>
        reject(new RecoveryError("the unit does not start what it wrote; its flash may be worn: take another unit")),
      START_MS,
    );
    let text = "";
    line.onBytes((bytes) => {
      text = (text + Buffer.from(bytes).toString("latin1")).slice(-4096);
      const found = /latchkey: (boot native [AB] js [AB]) trial/.exec(text);
      if (found === null) return;
      clearTimeout(timer);
      resolve(found[1] as string);
    });
  });
}

/** What is no flash of this board's never starts an emulator. */
function checkFlash(path: string, board: string): void {
  refuseFolder(path);
  const found = statSync(path, { throwIfNoEntry: false })?.size;
  if (found === undefined) throw new RecoveryError(`there is no flash file ${path}; name the unit's`);
  const { bytes } = readBoard(board).flash;
  if (found !== bytes) {
    throw new RecoveryError(`${path} has ${found} bytes (expected ${bytes}, the flash of ${board}); name the unit's`);
  }
}

/** What a release file brings to a unit. */
function imagesOf(path: string): RecoveryImages & { readonly sequence: number } {
  const { signed, images, release } = readReleaseFile(path);
  if (signed === undefined) throw new RecoveryError(`${path} is not signed yet: latchkey release sign`);
  return { signed, images, sequence: release.sequence };
}

async function recoverOver(line: SerialLine, given: ReturnType<typeof imagesOf>): Promise<void> {
  let blocks = 0;
  await recover(line, given, () => void blocks++);
  const boot = await started(line);
  process.stdout.write(`release ${given.sequence} written in ${blocks} blocks; the unit says: ${boot}\n`);
}

async function run(path: string, { board, flash, line }: Options): Promise<void> {
  if ((flash === undefined) === (line === undefined)) {
    throw new RecoveryError("name the unit: --flash FILE of an emulated one, or --line PORT of a serial line");
  }
  const given = imagesOf(path);
  if (line !== undefined) {
    const serial = await openLine(line);
    const broken = serial.ended.then(() => {
      throw new RecoveryError(`the line ${line} ended; check the cable and the unit's power, then recover it again`);
    });
    try {
      await Promise.race([recoverOver(serial, given), broken]);
    } finally {
      broken.catch(() => undefined);
      await serial.close();
    }
    return;
  }
  checkFlash(flash as string, board);
  const kernel = await readyBoot(board);
  const emulator = await startEmulator({ board, flashPath: flash as string, kernel });
  try {
    await recoverOver(
      {
        write: (bytes) => void emulator.process.stdin?.write(bytes),
        onBytes: (see) => void emulator.process.stdout?.on("data", see),
      },
      given,
    );
  } finally {
    await powerOff(emulator, board);
  }
}

export function registerRecovery(command: Command): void {
  command
    .argument("<release>", "signed release file with every image that the unit lacks")
    .option("--board <name>", "the emulated unit's board", "qemu-mps2")
    .option("--flash <file>", "the emulated unit's flash")
    .option("--line <port>", "serial port of a unit on the desk, as /dev/ttyUSB0 or COM4, or socket://HOST:PORT")
    .action((path: string, options: Options) => sayTrouble(() => run(path, options)));
}
