/** Builds a bundle that will run: of an app whose types, names and start were checked, within the board's budgets. */
import { SourceMap, type SourceMapPayload } from "node:module";
import { relative, resolve } from "node:path";
import { describeApp } from "#app/describe-app.ts";
import { tryApp } from "#boards/sim/host/app-trial.ts";
import type { Board } from "#boards/sim/host/board.ts";
import { NOT_ON_A_UNIT } from "#boards/sim/host/engine-features.ts";
import { encodeCbor } from "#codec/cbor.ts";
import { namesOf } from "#device/app-names.ts";
import {
  appScript,
  type Bundle,
  type BundleBuild,
  BundleError,
  buildBundle,
  type Product,
} from "#factory/bundle/bundle.ts";
import { checkApp } from "#factory/bundle/check-app.ts";
import { placeOfDefinition } from "#factory/bundle/definition-place.ts";
import { packageFaults } from "#factory/bundle/package-check.ts";
import { usesFetch } from "#factory/bundle/uses-fetch.ts";
import { DESCRIPTION_BYTES_MAX, type Description, descriptionParts, readDescription } from "#wire/describe.ts";
import { descriptionFault } from "./check-description.ts";

/** What a scope may name (PROTOCOL 4.4) and the command line can write. */
const NAME = /^[A-Za-z_][\w-]{0,63}$/;
/** Values of all histories together: eight bytes each, of the arena that app and runtime share. */
const HISTORY_VALUES = 1_024;
const HISTORY_EVERY_S = 31 * 86_400;
const HISTORY_TYPES: readonly string[] = ["bool", "int", "number"];
/** Names and rights together, so that `describe` fits into one record. */
const NAMES_BYTES_MAX = 1_200;

/** `file:line:column: ` of the first place of a stack that lies in the maker's own files. */
function placeIn(stack: string, map: string): string {
  const sources = new SourceMap(JSON.parse(map) as SourceMapPayload);
  for (const [, line, column] of stack.matchAll(/app\.js:(\d+)(?::(\d+))?/g)) {
    const entry = sources.findEntry(Number(line) - 1, Number(column ?? 1) - 1);
    if (!("originalSource" in entry)) continue;
    const path = relative(".", resolve(entry.originalSource));
    if (!/^(src\/(app|base|codec|wire|device)|entry\.ts)/.test(path)) {
      return `${path.startsWith("..") ? resolve(path) : path}:${entry.originalLine + 1}:${entry.originalColumn + 1}: `;
    }
  }
  return "";
}

function checkNames(app: string, names: readonly (readonly [name: string, right: string])[]): void {
  const seen = new Set<string>();
  for (const [name] of names) {
    if (!NAME.test(name)) {
      throw new BundleError(
        `${app}: "${name}" cannot name a function, variable or event (expected a letter, then up to 63 letters, digits, _ and -)`,
      );
    }
    if (seen.has(name))
      throw new BundleError(
        `${app}: "${name}" is defined twice; each function, variable and event has a name of its own`,
      );
    seen.add(name);
  }
  const bytes = encodeCbor(names.map(([name, right]) => [name, right])).length;
  if (bytes > NAMES_BYTES_MAX) {
    throw new BundleError(
      `${app}: its names take ${bytes} bytes (a phone reads ${NAMES_BYTES_MAX}); define fewer, or shorter ones`,
    );
  }
}

/** Whether an app may `fetch`; else why not, and what to do. */
function fetchOn({ name, budgets }: Board, product: Pick<Product, "fetch">): true | string {
  // The simulated board has TLS without an image of its own.
  if (name !== "sim" && budgets.textTlsBytes === undefined) return `board ${name} has no TLS`;
  return product.fetch !== undefined || "name the authorities of its servers as fetch.ca in flash.config.json";
}

/** Histories of variables that a unit can keep. */
function checkHistories(app: string, { variables }: Description): void {
  let sum = 0;
  for (const [name, { value, history }] of Object.entries(variables)) {
    if (history === undefined) continue;
    const { count, everyS } = history;
    const at = placeOfDefinition(app, name) ?? app;
    const refuse = (what: string) => new BundleError(`${at}: history of ${name}: ${what}`);
    if (value === undefined || !HISTORY_TYPES.includes(value.type)) {
      throw refuse(`${value?.type ?? "a value without schema"} (expected a variable of bool(), int() or number())`);
    }
    if (!(Number.isInteger(count) && count >= 1 && count <= HISTORY_VALUES)) {
      throw refuse(`a count of ${count} (expected 1 to ${HISTORY_VALUES})`);
    }
    if (!(Number.isInteger(everyS) && everyS >= 1 && everyS <= HISTORY_EVERY_S)) {
      const most = HISTORY_EVERY_S * 1_000;
      throw refuse(`an interval of ${everyS * 1_000} (expected milliseconds, whole seconds of them: 1000 to ${most})`);
    }
    sum += count;
    if (sum > HISTORY_VALUES)
      throw refuse(`${sum} values of all variables together (expected at most ${HISTORY_VALUES})`);
  }
}

/** The parts of a description, once it is certain that a client can read it. */
function describedIn(app: string, description: Description): readonly string[] {
  const parts = descriptionParts(description);
  const text = parts.join("");
  const bytes = Buffer.byteLength(text);
  if (bytes > DESCRIPTION_BYTES_MAX) {
    throw new BundleError(
      `${app}: its description takes ${bytes} bytes (expected at most ${DESCRIPTION_BYTES_MAX}); shorten its texts`,
    );
  }
  if (!readDescription(text).ok) {
    throw new BundleError(
      `${app}: a schema or a text is of no known form; make schemas with int(), bool() and the like, and texts as { en: { title: "..." } }`,
    );
  }
  return parts;
}

function checkBudgets({ bytes, shares }: Bundle, { name, budgets, flash }: Board): void {
  const slotBytes = Math.min(flash.regions.jsA.bytes, flash.regions.jsB.bytes) - flash.sectorBytes;
  const most = Math.min(budgets.bundleBytes, slotBytes);
  if (bytes.length <= most) return;
  const largest = [...shares].sort(([, a], [, b]) => b - a).slice(0, 3);
  const parts = largest.map(([path, share]) => `${path} ${share}`).join(", ");
  throw new BundleError(
    `the bundle takes ${bytes.length} bytes (board ${name} allows ${most}); its largest parts, in bytes of text: ${parts}`,
  );
}

interface Described {
  readonly description: readonly string[];
  /** Whether it needs an image with TLS for itself. */
  readonly usesFetch: boolean;
}

/** Starts the app by itself and describes it. @throws BundleError as buildCheckedBundle does */
export async function describedApp(
  { app, product, fetch }: Product,
  board: Board,
  release: string,
): Promise<Described> {
  const { script, map } = await appScript(app);
  const given = fetchOn(board, { fetch }) === true ? ["fetch"] : [];
  const [fault, ...more] = packageFaults(script, map, NOT_ON_A_UNIT, given);
  if (fault !== undefined) throw new BundleError(`${fault}${more.length === 0 ? "" : ` (and ${more.length} more)`}`);
  const { app: defined, failure } = await tryApp(script, board);
  if (failure !== undefined) {
    const [message = "", ...stack] = failure.split("\n");
    throw new BundleError(`${placeIn(stack.join("\n"), map) || `${app}: `}the app does not start: ${message}`);
  }
  checkNames(app, namesOf(defined));
  const description = describeApp(defined, { product: product ?? "", release, board: board.name });
  const misfit = descriptionFault(app, description);
  if (misfit !== undefined) throw new BundleError(misfit);
  checkHistories(app, description);
  return { description: describedIn(app, description), usesFetch: await usesFetch(script) };
}

/**
 * @param isModelled Whether it is for a test build, which has models of what the emulator lacks.
 * @throws BundleError in one line, with the maker's own file and line where there is one.
 */
export async function buildCheckedBundle(
  product: Product,
  board: Board,
  build: BundleBuild,
  isModelled = false,
): Promise<Bundle & Pick<Described, "usesFetch">> {
  const { app } = product;
  checkApp({
    app,
    board: board.name,
    pins: board.pins,
    io: board.io,
    sleep: board.sleep,
    isModelled,
    fetch: fetchOn(board, product),
    absent: NOT_ON_A_UNIT,
  });
  const { description, usesFetch: isFetching } = await describedApp(product, board, build.release);
  const bundle = await buildBundle({ ...product, board: board.name }, { ...build, description });
  checkBudgets(bundle, board);
  return { ...bundle, usesFetch: isFetching };
}
