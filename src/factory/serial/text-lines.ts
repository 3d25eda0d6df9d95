/** Lines of text that come over a serial line. */
import type { OpenLine } from "./serial-line.ts";

/** A console that sends no line end must not fill the memory. */
const LINE_MAX = 16_384;

/** Calls back with each whole line from now on, without its end. @returns Ends that. */
export function onTextLine(line: OpenLine, see: (text: string) => void): () => void {
  const decoder = new TextDecoder();
  let rest = "";
  return line.onBytes((bytes) => {
    const parts = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = (parts.pop() ?? "").slice(-LINE_MAX);
    for (const part of parts) see(part.replace(/\r$/, ""));
  });
}
