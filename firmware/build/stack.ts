/**
 * The stack that an image needs, from what the compiler wrote beside each object (-fcallgraph-info=su): the frame of every
 * function, and which functions it calls.
 */
import { existsSync, readFileSync } from "node:fs";
import { basename } from "node:path";

export interface Frame {
  readonly name: string;
  /** Its source, and the line there. */
  readonly file: string;
  readonly line: number;
  readonly bytes: number;
  /** Whether the size is known only at run time. */
  readonly isDynamic: boolean;
  readonly calls: ReadonlySet<string>;
}

/** Frames by the compiler's name for the function: unique, also for two static functions of one name. */
export type Frames = ReadonlyMap<string, Frame>;

/** How the compiler names a call through a pointer. */
const BY_POINTER = "__indirect_call";

/** The file that the compiler writes beside an object. */
export const callGraphPath = (object: string): string => object.replace(/\.o$/, ".ci");

/** Reads the frames of an image. @param objects Those that were compiled with -fcallgraph-info=su; others are unknown. */
export function readFrames(objects: readonly string[]): Frames {
  const frames = new Map<string, Frame & { calls: Set<string> }>();
  for (const path of objects.map(callGraphPath)) {
    if (!existsSync(path)) continue;
    const text = readFileSync(path, "utf8");
    const node =
      /^node: \{ title: "([^"]+)" label: "([^"\\]+)\\n([^"\\]*)\\n(\d+) bytes \((static|dynamic|dynamic,bounded)\)/gm;
    for (const [, title = "", name = "", place = "", bytes, kind] of text.matchAll(node)) {
      const [file = "", line] = place.split(":");
      frames.set(title, {
        ...{ name, file, line: Number(line), bytes: Number(bytes) },
        ...{ isDynamic: kind === "dynamic", calls: new Set<string>() },
      });
    }
    const edge = /^edge: \{ sourcename: "([^"]+)" targetname: "([^"]+)"/gm;
    for (const [, from = "", to = ""] of text.matchAll(edge)) frames.get(from)?.calls.add(to);
  }
  return frames;
}

export interface Depth {
  readonly bytes: number;
  /** The deepest calls, outermost first. */
  readonly path: readonly string[];
}

/** What the compiler can't know of an image's calls. */
export interface KnownCalls {
  /** Functions that are called through a pointer. */
  readonly pointedTo: readonly string[];
  /** How many frames a function that calls itself may have at once. */
  readonly recursions: Readonly<Record<string, number>>;
}

/**
 * The deepest that the calls below a function can go. Every call through a pointer is taken for the deepest of
 * `pointedTo`. Functions without a frame (assembly, the C library) count as none.
 * @throws Error for a recursion that `recursions` does not bound.
 */
export function deepest(frames: Frames, from: string, known: KnownCalls): Depth {
  const done = new Map<string, Depth>();
  const open = new Set<string>();
  const pointed = [...frames].filter(([, { name }]) => known.pointedTo.includes(name)).map(([title]) => title);
  function below(title: string): Depth {
    const frame = frames.get(title);
    if (frame === undefined) return { bytes: 0, path: [] };
    const before = done.get(title);
    if (before !== undefined) return before;
    const most = known.recursions[frame.name] ?? 1;
    if (open.has(title))
      throw new Error(`${frame.name} (${basename(frame.file)}:${frame.line}) calls itself without a known bound`);
    open.add(title);
    let deepestCall: Depth = { bytes: 0, path: [] };
    for (const callee of frame.calls) {
      if (callee === title && most > 1) continue;
      for (const target of callee === BY_POINTER ? pointed : [callee]) {
        const depth = below(target);
        if (depth.bytes > deepestCall.bytes) deepestCall = depth;
      }
    }
    open.delete(title);
    const own = most > 1 ? `${frame.name} ${frame.bytes} x ${most}` : `${frame.name} ${frame.bytes}`;
    const depth = { bytes: frame.bytes * most + deepestCall.bytes, path: [own, ...deepestCall.path] };
    done.set(title, depth);
    return depth;
  }
  return below(from);
}
