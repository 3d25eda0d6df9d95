/** Native images before and after an edit: the board's own firmware, built twice. */
import { readFileSync } from "node:fs";
import { BuildStop } from "#firmware/build-stop.ts";
import { buildRuntime } from "#firmware/image.ts";
import { PLAIN } from "#firmware/tls-sources.ts";
import type { Pair } from "./ota-images.ts";

const BOARD = "qemu-mps2";

type Edit = (text: string) => string;

/** One more check in one function: what a fix looks like. */
const SMALL: ReadonlyMap<string, Edit> = new Map<string, Edit>([
  [
    "port/tcp.c",
    (text) =>
      text.replace(
        "  bool queued =",
        '  if (length == 0 || length > 0xffff) return JS_ThrowRangeError(ctx, "1 to 65535 bytes at once");\n  bool queued =',
      ),
  ],
]);

/** A feature: new functions, strings, constants and variables in several files, and a changed order in one. */
const MEDIUM: ReadonlyMap<string, Edit> = new Map<string, Edit>([
  [
    "port/tcp.c",
    (text) =>
      (SMALL.get("port/tcp.c") as Edit)(text)
        .replace(
          "JS_FUNCTION(write) {",
          "static struct { uint32_t in, out; } counted[CONNECTIONS];\n\nJS_FUNCTION(write) {",
        )
        .replace(
          "  if (queued) tcp_output",
          "  if (queued) counted[c - connections].out += length;\n  if (queued) tcp_output",
        )
        .replace(
          "static void install(",
          `JS_FUNCTION(counts) {
  (void)self, (void)argc;
  uint32_t index;
  if (JS_ToUint32(ctx, &index, argv[0])) return JS_EXCEPTION;
  if (index >= CONNECTIONS) return JS_ThrowRangeError(ctx, "no such connection");
  JSValue both = JS_NewObject(ctx);
  js_set_int(ctx, both, "bytesIn", counted[index].in);
  js_set_int(ctx, both, "bytesOut", counted[index].out);
  return both;
}

static void install(`,
        )
        .replace(
          'JS_CFUNC_DEF("close", 1, close)};',
          'JS_CFUNC_DEF("close", 1, close),\n    JS_CFUNC_DEF("counts", 1, counts)};',
        )
        .replace('"tcp", entries, 4', '"tcp", entries, 5'),
  ],
  [
    "port/pins.c",
    (text) =>
      text.replace("static bool held;", "static bool held;\nstatic uint32_t presses, longest_ms;").replace(
        '  JSValue event = js_event(ctx, "button");',
        (line) => `  uint32_t lasted_ms = chip_milliseconds() - held_since_ms;
  if (lasted_ms < 20) return false; /* bounced */
  presses++;
  if (lasted_ms > longest_ms) longest_ms = lasted_ms;
${line}
  js_set_int(ctx, event, "presses", presses);
  js_set_int(ctx, event, "longestMs", longest_ms);`,
      ),
  ],
  [
    "port/clock.c",
    (text) =>
      text
        .replace(
          "static void install(",
          `JS_FUNCTION(uptime_days) {
  (void)self, (void)argc, (void)argv;
  return JS_NewFloat64(ctx, (double)chip_nanoseconds() / 86400e9);
}

static void install(`,
        )
        .replace(
          'JS_CFUNC_DEF("wakeAt", 1, wake_at)};',
          'JS_CFUNC_DEF("wakeAt", 1, wake_at),\n    JS_CFUNC_DEF("uptimeDays", 0, uptime_days)};',
        )
        .replace('"clock", entries, 2', '"clock", entries, 3'),
  ],
  [
    "main/engine.c",
    (text) =>
      text.replace(
        "  report_stack(ctx, error);\n  report_and_restart",
        '  report_stack(ctx, error);\n  if (strstr(words, "stack overflow")) report_and_restart(RESET_OUT_OF_MEMORY, "the stack is exhausted");\n  report_and_restart',
      ),
  ],
]);

/** Undefined where no image can be built; `missing` is told why. */
export async function nativePairs(missing: (what: string) => void): Promise<readonly Pair[] | undefined> {
  const read = (path: string) => new Uint8Array(readFileSync(path));
  try {
    const old = read((await buildRuntime(BOARD)).binary);
    const small = read((await buildRuntime(BOARD, PLAIN, { as: "bench-small", edits: SMALL })).binary);
    const medium = read((await buildRuntime(BOARD, PLAIN, { as: "bench-medium", edits: MEDIUM })).binary);
    if (Buffer.compare(old, small) === 0 || medium.length <= small.length) throw new Error("an edit changes nothing");
    return [
      { kind: "native", edit: "small", old, image: small },
      { kind: "native", edit: "medium", old, image: medium },
    ];
  } catch (error) {
    if (!(error instanceof BuildStop)) throw error;
    missing(`native images: ${error.message}`);
    return undefined;
  }
}
