/** The images on which the delta coder is measured: the lamp's bundle before and after an edit, the sources edited. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { buildBundle } from "#factory/bundle/bundle.ts";
import { readFlashConfig } from "#factory/config.ts";

export interface Pair {
  readonly kind: "js" | "native";
  readonly edit: "small" | "medium";
  readonly old: Uint8Array;
  readonly image: Uint8Array;
}

const FOLDER = ".cache/bench-ota";
const APP = "test/apps/lamp.ts";

/** One more check in one function: what a fix looks like. */
function smallEdit(text: string): string {
  return text.replace("brightness = percent;", "if (percent < 5) percent = 5;\n        brightness = percent;");
}

/** A feature: a few more functions, a variable, an event. */
function mediumEdit(text: string): string {
  const functions = `functions: {
    blink: {
      right: "call",
      args: { times: int(1, 20), periodMs: int(50, 5000) },
      run: ({ times, periodMs }, io) => {
        blinks = { left: times * 2, periodMs };
        io.log("blinking " + times + " times, every " + periodMs + " ms");
        io.raise("blinking", times);
      },
    },
    setScene: {
      right: "config",
      args: { evening: bool(), night: int(0, 30) },
      run: ({ evening, night }) => {
        scene = evening ? "evening" : "day";
        brightness = evening ? Math.min(brightness, 60) : Math.max(brightness, night);
      },
    },`;
  return smallEdit(text)
    .replace(
      "let brightness = 100;",
      'let brightness = 100;\nlet blinks = { left: 0, periodMs: 0 };\nlet scene = "day";',
    )
    .replace("functions: {", functions)
    .replace(
      "variables: {",
      'variables: {\n    scene: { right: "read", value: text(8), read: () => scene },\n    blinksLeft: { right: "read", value: int(0, 99), read: () => blinks.left },',
    )
    .replace("events: {", "events: { blinking: { payload: int(0, 99) },")
    .replace("bool, defineDevice, int", "bool, defineDevice, int, text");
}

async function bundleOf(name: string, text: string, sequence: number): Promise<Uint8Array> {
  mkdirSync(FOLDER, { recursive: true });
  const path = `${FOLDER}/${name}.ts`;
  const product = { ...readFlashConfig("flash.config.json"), app: path };
  writeFileSync(path, text.replaceAll('from "./', 'from "#app/'));
  const { bytes } = await buildBundle(product, { release: `${sequence}`, atS: 1_790_000_000 + sequence });
  return bytes;
}

/** Pairs of bundles: built twice from sources that differ by the edit and by the build's own number and time. */
export async function jsPairs(): Promise<readonly Pair[]> {
  const text = readFileSync(APP, "utf8");
  const old = await bundleOf("lamp", text, 1);
  return [
    { kind: "js", edit: "small", old, image: await bundleOf("lamp", smallEdit(text), 2) },
    { kind: "js", edit: "medium", old, image: await bundleOf("lamp", mediumEdit(text), 2) },
  ];
}
