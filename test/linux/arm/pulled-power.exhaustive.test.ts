/**
 * A machine with a unit loses its power at random moments of updates that never end: QEMU is killed, and with it all that the guest had not
 * given to its disk, an ext4 file system in an image that QEMU writes back. LATCHKEY_CUTS sets how often; with LATCHKEY_CUTS_FOLDER the disk stays
 * in that folder, and the next run goes on there.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readBoard } from "#boards/sim/host/board.ts";
import { imagePaths } from "#firmware/image.ts";
import { judgeSession, newRecord, updateBed } from "../../firmware/update-bed.ts";
import { times } from "../../tier.ts";
import { startInGuest, VIRT, whyNoArmGuest } from "./arm-guest.ts";

const BOARD = "linux-arm64";
const CUTS = Number(process.env.LATCHKEY_CUTS ?? times(3, 20));
/** A start in which an update came to its end. */
const UPDATED = /found \S+ floor \S+ sequence (\d+)\r?\n[\s\S]*^state (?!\1 )\d+ 0 none/m;
/** Each cut takes seconds, and minutes on a busy machine. */
const ALL_CUTS_MS = 3_600_000;
const MACHINE = { ...VIRT, modules: ["virtio_pci", "virtio_blk", "crc32c_generic", "ext4"] };
const SCRIPT = `mount -t ext4 /dev/vda /mnt || exit 4
/mnt/unit --flash /mnt/flash.bin < /dev/null`;

/** A disk with a unit's program and flash. */
async function makeDisk(folder: string): Promise<string> {
  const disk = join(folder, "disk.img");
  if (existsSync(disk)) return disk;
  const { flashPath } = await updateBed(BOARD, { releases: 250 });
  const content = join(folder, "content");
  mkdirSync(content);
  copyFileSync(flashPath, join(content, "flash.bin"));
  copyFileSync(imagePaths(BOARD).runtime, join(content, "unit"));
  execFileSync("mkfs.ext4", ["-q", "-d", content, disk, "64M"], { stdio: "pipe" });
  return disk;
}

test.skipIf(whyNoArmGuest() !== undefined)(
  "a machine whose power is pulled while its unit updates comes back with all that the unit must keep",
  async () => {
    const folder = process.env.LATCHKEY_CUTS_FOLDER ?? mkdtempSync(join(tmpdir(), "latchkey-pulled-"));
    mkdirSync(folder, { recursive: true });
    const disk = await makeDisk(folder);
    const tally = join(folder, "record.json");
    const kept = existsSync(tally) ? JSON.parse(readFileSync(tally, "utf8")) : { cuts: 0 };
    const record = { ...newRecord(), ...kept.record, begun: new Set<number>() };
    const bed = { board: readBoard(BOARD), flashPath: disk };
    /** Starts the machine, waits, and pulls its power. @returns Milliseconds that were waited. */
    async function runUntil(isOver: (guest: ReturnType<typeof startInGuest>) => Promise<unknown>): Promise<number> {
      const qemu = ["-drive", `file=${disk},format=raw,if=virtio,cache=writeback`];
      const guest = startInGuest(MACHINE, {}, SCRIPT, { qemu });
      let tookMs = 0;
      try {
        await guest.hear(/found \S+ floor \S+ sequence \d+\r?\n/);
        const beganMs = performance.now();
        await isOver(guest);
        tookMs = performance.now() - beganMs;
      } finally {
        await guest.pull();
      }
      const text = guest.said();
      expect(text).not.toMatch(/trouble|LOST|no image|no key set/);
      judgeSession(bed, record, { text, operations: [] });
      return tookMs;
    }
    // As long as an update takes in the guest on this machine, busy as it is.
    const spanMs = await runUntil((guest) => guest.hear(UPDATED));
    for (let cut = kept.cuts; cut < kept.cuts + CUTS; cut++) {
      await runUntil(() => new Promise((resolve) => setTimeout(resolve, Math.random() * spanMs)));
      writeFileSync(tally, JSON.stringify({ cuts: cut + 1, record: { ...record, begun: undefined } }));
    }
    // The updates go on after all cuts, or this would show nothing.
    await runUntil((guest) => guest.hear(UPDATED));
    const { starts, sequence, floor } = record;
    console.log(`${kept.cuts + CUTS} cuts, ${starts} starts, release ${sequence}, floor ${floor}`);
  },
  ALL_CUTS_MS,
);
