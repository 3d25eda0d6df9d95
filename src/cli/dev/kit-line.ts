/** The console of a kit on its serial line, in the shape of a process's. */
import { utf8 } from "#base/utf8.ts";
import type { OpenLine } from "#factory/serial/serial-line.ts";
import { onTextLine } from "#factory/serial/text-lines.ts";
import type { ConsoleLine } from "./dev-console.ts";

export function kitConsole(line: OpenLine): ConsoleLine {
  return {
    onLine: (see) => void onTextLine(line, see),
    write: (text) => line.write(utf8(text)),
    exited: line.ended.then(() => null),
  };
}

/** Whether the boot stage says here that it starts an image. */
export const isBootLine = (text: string): boolean => text.startsWith("latchkey: boot native ");
