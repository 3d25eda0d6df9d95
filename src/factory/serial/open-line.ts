/** Opens the line that a person named: `/dev/ttyACM0`, `COM4`, a pseudo-terminal, or `socket://HOST:PORT`. */
import { openPortLine } from "./port-line.ts";
import type { OpenLine } from "./serial-line.ts";
import { isSocketName, openSocketLine } from "./socket-line.ts";

/** What consoles of boards and loaders of chips speak, in bit/s. */
export const CONSOLE_SPEED = 115_200;

/** @throws SerialLineError with one line that says what to do. */
export function openLine(name: string): Promise<OpenLine> {
  return isSocketName(name) ? openSocketLine(name) : openPortLine(name, CONSOLE_SPEED);
}
