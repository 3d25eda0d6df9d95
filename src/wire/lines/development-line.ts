/**
 * The development console: what a maker's tools and a development unit say to each other over the serial line that also
 * carries the log. A message is one line: "!", JSON in ASCII, "\n". Production units refuse each request.
 * @source PROTOCOL 9.9
 */

/** Requests of the tools. Whoever asks chooses the number, and finds it again in the answer. */
export type DevelopmentRequest =
  /** Evaluate an expression or a statement in the unit's engine. */
  | { readonly id: number; readonly evaluate: string }
  /** How much memory is in use? */
  | { readonly id: number; readonly usage: true }
  /** Take this part of the app's new script (development kits). */
  | { readonly id: number; readonly load: LoadedPart };

/** A part of a script, its bytes as hexadecimal digits (src/device/development-app.ts). */
export interface LoadedPart {
  readonly at: number;
  readonly bytes: string;
  readonly tail: number;
  readonly digest: string;
}

/** What the app did wrong. */
export interface Failed {
  /** Of the function, variable or handler; `promise` where nobody waited for it. */
  readonly name: string;
  readonly message: string;
  /** The engine's lines; none where nothing was thrown. On firmware the first one names the marked statement (src/device/line-in-stack.ts). */
  readonly stack: string;
}

/** What a development unit says. */
export type DevelopmentReport =
  /** The runtime works; `passed` is what the app's self-test said. */
  | { readonly started: { readonly passed: boolean; readonly heapBytes: number } }
  | { readonly thrown: Failed }
  /** The app broke a rule of the runtime's: an answer that does not fit its schema, code without end, more memory than it has. */
  | { readonly failed: Failed }
  | { readonly id: number; readonly value: string }
  | { readonly id: number; readonly error: string }
  | { readonly id: number; readonly heapBytes: number };

export const DEVELOPMENT_MARK = "!";

/** The line of a message, with its line feed. */
export function encodeDevelopmentLine(message: DevelopmentRequest | DevelopmentReport): string {
  const json = JSON.stringify(message).replace(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `${DEVELOPMENT_MARK}${json}\n`;
}

/** The message of a line (without its line feed); undefined for a line of log, and for one that was damaged on its way. */
export function decodeDevelopmentLine(line: string): object | undefined {
  if (!line.startsWith(DEVELOPMENT_MARK)) return undefined;
  try {
    const message: unknown = JSON.parse(line.slice(DEVELOPMENT_MARK.length));
    return typeof message === "object" && message !== null ? message : undefined;
  } catch {
    return undefined;
  }
}
