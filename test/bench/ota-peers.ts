/** Patches by the tools of others on the same two files: Debian's programs, and brotli as a package. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { gunzipSync, gzipSync } from "node:zlib";
import { compress, decompress } from "brotli-compress";

export interface Figures {
  readonly size: number;
  readonly encodeMs: number;
  readonly decodeMs: number;
}

interface Tool {
  readonly name: string;
  /** Arguments with OLD, NEW, PATCH and BACK standing for paths. */
  readonly encode: readonly string[];
  readonly decode: readonly string[];
  readonly has: () => boolean;
}

const starts = (program: string, ...args: readonly string[]) => spawnSync(program, args).error === undefined;

const TOOLS: readonly Tool[] = [
  {
    name: "bsdiff",
    encode: ["bsdiff", "OLD", "NEW", "PATCH"],
    decode: ["bspatch", "OLD", "BACK", "PATCH"],
    has: () => starts("bsdiff") && starts("bspatch"),
  },
  {
    name: "xdelta3",
    encode: ["xdelta3", "-e", "-9", "-n", "-S", "lzma", "-A", "-f", "-s", "OLD", "NEW", "PATCH"],
    decode: ["xdelta3", "-d", "-f", "-s", "OLD", "PATCH", "BACK"],
    has: () => starts("xdelta3", "-V"),
  },
  {
    name: "zstd",
    encode: ["zstd", "-q", "-f", "--ultra", "-22", "--no-check", "--patch-from", "OLD", "NEW", "-o", "PATCH"],
    decode: ["zstd", "-q", "-f", "-d", "--patch-from", "OLD", "PATCH", "-o", "BACK"],
    has: () => starts("zstd", "-V"),
  },
];

/** What `brotli -q 11 -D OLD` makes, by the library's own code in WebAssembly: Debian's program takes no dictionary. */
async function brotliFigures(old: Uint8Array, image: Uint8Array): Promise<Figures> {
  const startMs = performance.now();
  const patch = await compress(image, { quality: 11, customDictionary: old });
  const middleMs = performance.now();
  const back = await decompress(patch, { customDictionary: old });
  const decodeMs = performance.now() - middleMs;
  if (!Buffer.from(back).equals(Buffer.from(image))) throw new Error("brotli came back wrong");
  return { size: patch.length, encodeMs: middleMs - startMs, decodeMs };
}

/** Figures of each tool that this machine has; `missing` is told of the others. */
export async function peerFigures(
  old: Uint8Array,
  image: Uint8Array,
  missing: (what: string) => void,
): Promise<Map<string, Figures>> {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-delta-"));
  const paths: Readonly<Record<string, string>> = {
    OLD: join(folder, "old"),
    NEW: join(folder, "new"),
    PATCH: join(folder, "patch"),
    BACK: join(folder, "back"),
  };
  const run = (command: readonly string[]) => {
    const [program = "", ...args] = command.map((part) => paths[part] ?? part);
    const startMs = performance.now();
    execFileSync(program, args, { stdio: ["ignore", "ignore", "ignore"] });
    return performance.now() - startMs;
  };
  const figures = new Map<string, Figures>();
  try {
    writeFileSync(paths.OLD as string, old);
    writeFileSync(paths.NEW as string, image);
    for (const tool of TOOLS) {
      if (!tool.has()) {
        missing(`${tool.name}: this machine has none that takes a base`);
        continue;
      }
      const encodeMs = run(tool.encode);
      const size = readFileSync(paths.PATCH as string).length;
      const decodeMs = run(tool.decode);
      if (!readFileSync(paths.BACK as string).equals(Buffer.from(image)))
        throw new Error(`${tool.name} came back wrong`);
      figures.set(tool.name, { size, encodeMs, decodeMs });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  figures.set("brotli", await brotliFigures(old, image));
  const startMs = performance.now();
  const packed = gzipSync(image, { level: 9 });
  const middleMs = performance.now();
  gunzipSync(packed);
  figures.set("gzip", { size: packed.length, encodeMs: middleMs - startMs, decodeMs: performance.now() - middleMs });
  return figures;
}
