/** A unit that starts from an old flash, in a home whose network it knows. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readBoard } from "#boards/sim/host/board.ts";
import { bootStage } from "#boards/sim/host/boot-stage.ts";
import type { Child } from "#boards/sim/host/child.ts";
import { openFlashFile } from "#boards/sim/host/flash-file.ts";
import { openSimStation } from "#boards/sim/host/station.ts";
import { type EmulatedAir, startAir } from "#cli/emulated-air.ts";
import { buildRelease, signReleaseFile } from "#cloud/releases/release-build.ts";
import { performOp } from "#device/settings.ts";
import { buildBundle } from "#factory/bundle/bundle.ts";
import { readFlashConfig } from "#factory/config.ts";
import { pairCodes } from "#phone/scan.ts";
import { openSession, type Session } from "#phone/session.ts";
import { httpTransport } from "#phone/transports/http.ts";
import { holderSeed } from "#trust/grants/card-keys.ts";
import { readKeyFile } from "#trust/host/key-file.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { readJournal, writeJournal } from "#wire/flash/journal.ts";
import { encodeSlotHead, imageAddress } from "#wire/flash/slot.ts";
import { COMPONENT } from "#wire/releases/release.ts";
import { until } from "../progress.ts";
import { OLD_HOME, type OldUnit } from "./old-stores.ts";

const board = readBoard("sim");

/**
 * Brings a flash to the present code as a service workshop would: gives it the present map, in which journal, settings and
 * audit log lie where they did and the slots do not; writes the bundle into the slot that did not run, and one journal record
 * that switches to it.
 * @param keys The folder whose release key signs.
 */
export async function updateFlash(flashPath: string, keys: string, sequence: number): Promise<void> {
  const config = { ...readFlashConfig("flash.config.json"), board: "sim" };
  const bundle = await buildBundle(config, { release: String(sequence), atS: 1_790_000_000 });
  const { seed } = readKeyFile(join(keys, "release.key"), "release");
  const { signed } = signReleaseFile(
    buildRelease({
      product: config.product,
      sequence,
      hardware: [config.hardwareRevision],
      consent: "auto",
      epoch: 0,
      notAfterS: undefined,
      images: new Map([[COMPONENT.js, bundle.bytes]]),
      bases: [],
    }),
    seed,
  );
  const { jsA } = board.flash.regions;
  const kept = readFileSync(flashPath).subarray(0, jsA.start);
  writeFileSync(flashPath, Buffer.concat([kept, Buffer.alloc(board.flash.bytes - jsA.start, 0xff)]));
  const flash = openFlashFile(flashPath, board.flash);
  const { sectorBytes, writeBytes, regions } = board.flash;
  const within = (region: typeof regions.jsA) => ({ ...region, sectorBytes, writeBytes });
  const read = (address: number, byteLength: number) => flash.read(address, byteLength);
  const journal = readJournal(within(regions.journal), read);
  const slots = journal.state.confirmed.slots ^ (1 << COMPONENT.js);
  const slot = within((slots >> COMPONENT.js) & 1 ? regions.jsB : regions.jsA);
  for (let at = slot.start; at < slot.start + slot.bytes; at += sectorBytes) flash.eraseSector(at);
  flash.write(slot.start, encodeSlotHead(slot, signed as Uint8Array));
  flash.write(imageAddress(slot), bundle.bytes);
  const record = { kind: "confirmed", sequence, epoch: 0, slots } as const;
  for (const op of writeJournal(within(regions.journal), read, journal, record).ops) performOp(flash, op);
  const boots = bootStage(board, flash, "power");
  flash.close();
  if (boots?.sequence !== sequence) throw new Error(`the flash would start release ${boots?.sequence}`);
}

export interface OldHome {
  /** Gives the unit power and resolves once it has joined the network; false when the power cut came first. */
  start(cut?: string): Promise<boolean>;
  /** Opens a session at the unit's address. */
  session(by: "owner" | { readonly holderSeed: Uint8Array; readonly chain: Uint8Array }): Promise<Session>;
  /** What the unit's console said since its last start. */
  said(): string;
  stop(): Promise<void>;
}

/** A home with one unit in it. */
export async function oldHome(flashPath: string, unit: OldUnit): Promise<OldHome> {
  const air: EmulatedAir = await startAir(OLD_HOME);
  const station = openSimStation(board, flashPath, air.radio);
  let said: string[] = [];
  let starts = 0;
  // The air counts the units that came to it, and a start is a new one.
  const transport = () =>
    httpTransport({ host: air.address.replace(/\d+$/, String(starts)), port: board.network.tcpPort });
  return {
    async start(cut) {
      said = [];
      starts++;
      await station.power(true, cut);
      const child = station.unit() as Child;
      child.onLine((line) => said.push(line));
      let hasEnded = false;
      void child.exited.then(() => {
        hasEnded = true;
      });
      const isUp = async () => (await transport().exchange("key", new Uint8Array(0))).ok;
      return until("the unit's answer on its network", async () =>
        (await isUp()) ? true : hasEnded ? false : undefined,
      );
    },
    async session(by) {
      const codes = pairCodes(unit.label, unit.card);
      if (!codes.ok) throw new Error(codes.fault);
      const { deviceId, secret } = codes.value;
      const caller = by === "owner" ? { holderSeed: holderSeed(nodePrimitives, secret, deviceId) } : by;
      const opened = await openSession({ primitives: nodePrimitives, transport: transport(), deviceId, ...caller });
      if (!opened.ok) throw new Error(`the unit opens no session (${opened.fault})`);
      return opened.value;
    },
    said: () => said.join("\n"),
    async stop() {
      await station.power(false);
      await air.child.stop();
    },
  };
}
