/** The board's port: the engine host (firmware/main) injects it whole, in the very shape that the runtime wants. */
import type { Port } from "#device/port.ts";

export const port: Port = (globalThis as unknown as { native: Port }).native;
