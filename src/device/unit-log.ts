/**
 * The unit's last lines, its own and the app's, in a bounded ring in memory. A restart empties it; the last crash is in flash
 * (app-reporter.ts). Whoever holds the config right reads it (PROTOCOL 5.41).
 */
import { LOG_LEVELS, type LogLevel } from "#wire/sessions/unit-log.ts";

/** All lines fit into one answer. */
const BYTES_MAX = 1_800;
/** What a line takes beside its text. */
const LINE_HEAD_BYTES = 20;

/** One string a line, which takes less memory than an object: level, milliseconds, a space, the text. */
const ring = { lines: [] as string[], sizes: [] as number[], bytes: 0, number: 0 };

/** Empties it: another owner reads from here on. */
export function clearLog(): void {
  ring.lines = [];
  ring.sizes = [];
  ring.bytes = 0;
}

/** @param bytes Of the text, in UTF-8. */
export function keepLine(atMs: number, level: LogLevel, text: string, bytes: number): void {
  const { lines, sizes } = ring;
  lines.push(`${LOG_LEVELS.indexOf(level)}${Math.floor(atMs)} ${text}`);
  sizes.push(bytes + LINE_HEAD_BYTES);
  ring.number++;
  ring.bytes += bytes + LINE_HEAD_BYTES;
  while (ring.bytes > BYTES_MAX) {
    lines.shift();
    ring.bytes -= sizes.shift() ?? ring.bytes;
  }
}

/** The last lines of at most so many UTF-16 units in all, each with its end. */
export function lastLines(max: number): string {
  let text = "";
  for (let i = ring.lines.length - 1; i >= 0; i--) {
    const line = ring.lines[i] as string;
    const more = `${line.slice(line.indexOf(" ") + 1)}\n${text}`;
    if (more.length > max) break;
    text = more;
  }
  return text;
}

/** The lines after a number: [number, milliseconds since the start, level, text]. */
export function linesAfter(after: number): readonly (readonly [number, number, number, string])[] {
  const { lines, number } = ring;
  const first = number - lines.length + 1;
  return lines.slice(Math.max(0, after + 1 - first)).map((line, i) => {
    const space = line.indexOf(" ");
    const at = Math.max(first, after + 1) + i;
    return [at, Number(line.slice(1, space)), Number(line[0]), line.slice(space + 1)] as const;
  });
}
