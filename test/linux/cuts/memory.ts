/** What a unit's flash remembers, read from outside while the unit has no power. */
import { readFileSync } from "node:fs";
import { toHex, viewOf } from "#base/bytes.ts";
import { fromUtf8, utf8 } from "#base/utf8.ts";
import { crc32 } from "#codec/crc.ts";
import { openSettings } from "#device/settings.ts";
import { decodeCounter, decodeRevocations, decodeWifi } from "#device/store/codecs.ts";
import { readJournal } from "#wire/flash/journal.ts";
import { OWN, PROVISIONED } from "#wire/flash/stored-names.ts";
import { FLOOR } from "./offering.ts";
import { BOARD } from "./subject.ts";

const PAGE_BYTES = 4096;
const REDO_MAGIC = 0x4f444552;
/** Given by the factory or made at the line; nothing in these runs changes them. */
const IDENTITY = [...Object.values(PROVISIONED), OWN.key, OWN.provisioned];

export interface Memory {
  /** Value in hexadecimal digits by name. */
  readonly identity: Readonly<Record<string, string>>;
  /** Name of the network that the unit knows; empty for none. */
  readonly network: string;
  readonly passphrase: string;
  /** Of the last message by Air. */
  readonly airCounter: number;
  /** Sum over all keys of the epoch below which their links are revoked, and of the last statements' numbers. */
  readonly revocationFloor: number;
  readonly fetchFloor: number;
  /** The confirmed release. */
  readonly sequence: number;
  /** That the owner has opened a session. */
  readonly isClaimed: boolean;
}

/** Completes the page that was being written, as the unit's next start does (firmware/chips/linux/flash.c). */
function recovered(file: Uint8Array): Uint8Array {
  const flash = file.slice();
  const redo = flash.subarray(flash.length - 2 * PAGE_BYTES);
  const view = viewOf(redo);
  const [magic, address, check] = [0, 4, 12].map((at) => view.getUint32(at, true)) as [number, number, number];
  const page = redo.subarray(16, 16 + PAGE_BYTES);
  if (magic === REDO_MAGIC && check === crc32(Buffer.concat([redo.subarray(0, 12), page]))) flash.set(page, address);
  return flash;
}

export function memoryOf(path: string): Memory {
  const bytes = recovered(readFileSync(path));
  const { regions, sectorBytes, writeBytes } = BOARD.flash;
  const read = (address: number, byteLength: number) => bytes.slice(address, address + byteLength);
  const unwritten = () => false;
  const flash = { sectorBytes, writeBytes, byteLength: bytes.length, read, write: unwritten, eraseSector: unwritten };
  const settings = openSettings(flash, regions.settings);
  const { state } = readJournal({ ...regions.journal, sectorBytes, writeBytes }, read);
  const wifi = decodeWifi(settings.get(OWN.wifi) ?? new Uint8Array(0));
  const revocations = decodeRevocations(settings.get(OWN.revocations) ?? new Uint8Array(0)) ?? [];
  return {
    identity: Object.fromEntries(IDENTITY.map((name) => [name, toHex(settings.get(name) ?? new Uint8Array(0))])),
    network: wifi === undefined ? "" : (fromUtf8(wifi.ssid) ?? "?"),
    passphrase: wifi === undefined ? "" : (fromUtf8(wifi.passphrase) ?? "?"),
    airCounter: decodeCounter(settings.get(OWN.airCounter) ?? new Uint8Array(0)) ?? 0,
    revocationFloor: revocations.reduce((sum, { floor }) => sum + floor, 0),
    fetchFloor: Number(fromUtf8(settings.get(FLOOR) ?? utf8("0"))),
    sequence: state.confirmed.sequence,
    isClaimed: settings.get(OWN.claimed) !== undefined,
  };
}
