/** A record log where a board has it, with the means to read it. */
import type { LogRegion, ReadFlash } from "#wire/flash/record-log.ts";
import type { Flash } from "./port.ts";

export interface FlashLog {
  readonly region: LogRegion;
  readonly read: ReadFlash;
}

/** @param region Of board.json; a board without one has no room for records. */
export function flashLogIn(
  flash: Pick<Flash, "sectorBytes" | "writeBytes" | "read">,
  region: { readonly start: number; readonly bytes: number } | undefined,
): FlashLog {
  const { start, bytes } = region ?? { start: 0, bytes: 0 };
  const { sectorBytes, writeBytes } = flash;
  return {
    region: { start, bytes, sectorBytes, writeBytes },
    read: (address, byteLength) => flash.read(address, byteLength),
  };
}
