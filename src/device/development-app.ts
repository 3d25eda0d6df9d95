/**
 * The app of a development kit: a script in flash beside the bundle, which a save replaces by itself. So a change takes a few sectors and a
 * restart, in place of a whole bundle and its compiling (ADR 0174). Two places take turns; the new script counts once it is whole.
 */
import { equal } from "#base/bytes.ts";
import type { Primitives } from "#trust/primitives.ts";
import { APP_HEAD_BYTES, appDigest, appHead, PIECE_END, readAppHead } from "#wire/lines/development-app.ts";
import type { App, DescribedPart } from "./app-interface.ts";
import type { Flash, Port, ResetReason } from "./port.ts";

/** Copied at a time. */
const COPY_BYTES = 1_024;
/** After these the script is left alone until power comes or another one: it may have brought the run down while it loaded. */
const CRASHES: readonly ResetReason[] = ["watchdog", "exception", "out-of-memory"];

/** A part of a new script, as the tool sends it. */
export interface AppPart {
  /** How much of the new script comes before these bytes: what was sent already, or the beginning of the script that is there. */
  readonly at: number;
  readonly bytes: Uint8Array;
  /** With the last part: how many bytes at the end of the script that is there follow. */
  readonly tail: number;
  /** With the last part: of the whole new script; no bytes before. */
  readonly digest: Uint8Array;
}

interface Place {
  /** Of its first sector. */
  readonly start: number;
  readonly sequence: number;
  /** Of the script. */
  readonly bytes: number;
}

export interface AppStore {
  /** The script that counts; no bytes where there is none. */
  read(): Uint8Array;
  /** @returns Why it can't be taken; undefined when it was. The last part is written only if the script is the one that was meant. */
  put(part: AppPart): string | undefined;
}

interface Region {
  readonly start: number;
  readonly bytes: number;
}

export function openAppStore(flash: Flash, crypto: Primitives, region: Region): AppStore {
  const { sectorBytes } = flash;
  const placeBytes = Math.floor(region.bytes / 2 / sectorBytes) * sectorBytes;
  const starts = [region.start, region.start + placeBytes];
  let writing: { readonly start: number; written: number } | undefined;

  const digestAt = (start: number, bytes: number) =>
    appDigest(crypto.sha256, bytes, (at, length) => flash.read(start + APP_HEAD_BYTES + at, length));

  function newest(): Place | undefined {
    let found: Place | undefined;
    for (const start of starts) {
      const head = readAppHead(flash.read(start, APP_HEAD_BYTES));
      if (head === undefined || head.bytes > placeBytes - APP_HEAD_BYTES) continue;
      if (found !== undefined && found.sequence >= head.sequence) continue;
      if (equal(digestAt(start, head.bytes), head.digest)) {
        found = { start, sequence: head.sequence, bytes: head.bytes };
      }
    }
    return found;
  }

  function append(to: { readonly start: number; written: number }, bytes: Uint8Array): boolean {
    const from = APP_HEAD_BYTES + to.written;
    if (from + bytes.length > placeBytes) return false;
    const firstErased = to.written === 0 ? 0 : Math.ceil(from / sectorBytes) * sectorBytes;
    for (let at = firstErased; at < from + bytes.length; at += sectorBytes) {
      if (!flash.eraseSector(to.start + at)) return false;
    }
    to.written += bytes.length;
    return flash.write(to.start + from, bytes);
  }

  /** Copies from the script that is there. */
  function copy(to: { readonly start: number; written: number }, from: Place, at: number, bytes: number): boolean {
    for (let done = 0; done < bytes; done += COPY_BYTES) {
      const length = Math.min(COPY_BYTES, bytes - done);
      if (!append(to, flash.read(from.start + APP_HEAD_BYTES + at + done, length))) return false;
    }
    return true;
  }

  function put({ at, bytes, tail, digest }: AppPart): string | undefined {
    const there = newest();
    if (at === 0 || writing?.written !== at) {
      if (at > (there?.bytes ?? 0)) return "it begins with more than what is there";
      writing = { start: there?.start === starts[0] ? (starts[1] as number) : (starts[0] as number), written: 0 };
      if (there !== undefined && !copy(writing, there, 0, at)) return "the flash does not take it";
    }
    if (!append(writing, bytes)) return `the flash does not take it, or it has more than ${placeBytes} bytes`;
    if (digest.length === 0) return undefined;
    const { start, written } = writing;
    if (tail > (there?.bytes ?? 0)) return "it ends with more than what is there";
    if (there !== undefined && !copy(writing, there, there.bytes - tail, tail)) return "the flash does not take it";
    const whole = written + tail;
    writing = undefined;
    if (!equal(digestAt(start, whole), digest)) return "it is another one than was meant";
    const head = appHead({ sequence: (there?.sequence ?? 0) + 1, bytes: whole, digest });
    return flash.write(start, head) ? undefined : "the flash does not take it";
  }

  return {
    read() {
      const place = newest();
      return place === undefined ? new Uint8Array(0) : flash.read(place.start + APP_HEAD_BYTES, place.bytes);
    },
    put(part) {
      const why = put(part);
      if (why !== undefined) writing = undefined;
      return why;
    },
  };
}

const text = (bytes: Uint8Array) => {
  let all = "";
  for (let at = 0; at < bytes.length; at += COPY_BYTES) {
    all += String.fromCharCode(...bytes.subarray(at, at + COPY_BYTES));
  }
  return all;
};

/** Where each piece of the script's bytes begins, and where the last one ends: the code, then the parts of the description. */
function piecesOf(bytes: Uint8Array): readonly number[] {
  const starts = [0];
  for (let at = bytes.indexOf(PIECE_END); at >= 0; at = bytes.indexOf(PIECE_END, at + 1)) starts.push(at + 1);
  return [...starts, bytes.length + 1];
}

/** An app whose start says why there is none. */
const noApp = (error: unknown): App =>
  ({
    start() {
      throw error;
    },
  }) as unknown as App;

function loaded(code: string, modules: object, why: ResetReason): App {
  if (code === "") return noApp(new Error("this kit has no app yet; save a file of it"));
  if (CRASHES.includes(why))
    return noApp(new Error(`the run before ended (${why}); save a file to start the app again`));
  try {
    return new Function("latchkeyModules", code)(modules);
  } catch (error) {
    return noApp(error);
  }
}

/**
 * Loads the app from flash.
 * @param modules What of the runtime its script asks for, by module.
 */
export function developmentApp(
  port: Port,
  region: Region,
  modules: object,
): { readonly app: App; readonly described: DescribedPart; readonly store: AppStore } {
  const store = openAppStore(port.flash, port.crypto, region);
  const bytes = store.read();
  const starts = piecesOf(bytes);
  const parts = starts.length - 2;
  const app = loaded(text(bytes.subarray(0, (starts[1] as number) - 1)), modules, port.system.resetReason);
  return {
    ...{ app, store },
    described(part) {
      if (part >= parts) return undefined;
      const [from, to] = [starts[part + 1] as number, (starts[part + 2] as number) - 1];
      return [parts, text(store.read().subarray(from, to))];
    },
  };
}
