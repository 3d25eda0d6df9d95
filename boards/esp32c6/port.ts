/** The board's port: the engine host (firmware/main) injects it in the shape that the runtime requires. */
import type { Port } from "#device/port.ts";

/** The object of the global variables: the runtime adds the app's own. */
export const scope: object = globalThis;

export const port: Port = (globalThis as unknown as { native: Port }).native;
