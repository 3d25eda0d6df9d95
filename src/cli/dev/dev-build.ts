/** Builds what a development unit starts, again after each change of a file. */
import { hasModels } from "#base/board-io.ts";
import type { Board } from "#boards/sim/host/board.ts";
import { describedApp } from "#cli/checked-bundle.ts";
import { startsNative } from "#cli/factory/first-flash.ts";
import { buildScript } from "#factory/bundle/bundle.ts";
import { developmentEntry, openDevelopmentBuilder } from "#factory/bundle/development-bundle.ts";
import { statementMarks } from "#factory/bundle/statement-marks.ts";
import type { FlashConfig } from "#factory/config.ts";
import { readyBoot, readyRuntime } from "#firmware/ready-images.ts";
import { readBytes } from "#trust/host/files.ts";
import type { DevImages } from "./dev-keys.ts";
import { openSourceWatch } from "./source-watch.ts";

export interface DevBuild extends DevImages {
  /** Source map, or empty where the bundle has none. */
  readonly map: string;
  /** Places of the statements that are marked in it, by their numbers; none on the simulated board, which has the map. */
  readonly places: readonly string[];
}

export interface DevBuilder {
  /** @throws BundleError with the maker's file and line */
  build(): Promise<DevBuild>;
  /** Calls back after each change of a file that was built from. */
  onChange(changed: (savedAtMs: number) => void): void;
  close(): Promise<void>;
}

/** The native image of a board that starts one, with models of what the emulator lacks. @throws BuildStop where the toolchain is missing */
async function developmentNative(config: FlashConfig, board: Board): Promise<Uint8Array | undefined> {
  if (!startsNative(board)) return undefined;
  await readyBoot(board.name);
  return readBytes(await readyRuntime(board.name, { tls: needsTls(config, board), modelled: hasModels(board.io) }));
}

/** Its app may begin to `fetch` with any change, so the image is ready for that where the product allows it. */
const needsTls = ({ fetch }: FlashConfig, { budgets }: Board) =>
  fetch !== undefined && budgets.textTlsBytes !== undefined;

export async function openDevBuilder(config: FlashConfig, board: Board): Promise<DevBuilder> {
  const product = { ...config, board: board.name };
  const made = { release: "development", atS: Math.floor(Date.now() / 1000) };
  const builder = await openDevelopmentBuilder(developmentEntry(product, made));
  const native = await developmentNative(config, board);
  const sources = openSourceWatch();
  sources.follow([config.app]);

  return {
    async build() {
      const { bytes, map, inputs } = await builder.build();
      sources.follow(inputs);
      if (!startsNative(board)) return { js: bytes, native, map, places: [] };
      const { description } = await describedApp(product, board, made.release);
      const entry = developmentEntry(product, { ...made, description });
      const places: string[] = [];
      const marked = await buildScript(entry, undefined, [statementMarks(places)]);
      return { js: marked.bytes, native, map: "", places };
    },
    onChange: sources.onChange,
    async close() {
      sources.close();
      await builder.close();
    },
  };
}
