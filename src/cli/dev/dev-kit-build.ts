/** Builds the app's script for a development kit, again after each change of a file; and once the bundle that it runs in. */
import type { Board } from "#boards/sim/host/board.ts";
import { describedApp } from "#cli/checked-bundle.ts";
import { BundleError } from "#factory/bundle/bundle.ts";
import { buildKitApp, buildKitBundle } from "#factory/bundle/kit-bundle.ts";
import type { FlashConfig } from "#factory/config.ts";
import { readyRuntime } from "#firmware/ready-images.ts";
import { readBytes } from "#trust/host/files.ts";
import { APP_HEAD_BYTES } from "#wire/lines/development-app.ts";
import type { DevBuilder } from "./dev-build.ts";
import type { DevImages } from "./dev-keys.ts";
import { openSourceWatch } from "./source-watch.ts";

const RELEASE = "development";

/** Bytes of one of the two places for a script (src/device/development-app.ts). */
export function appPlaceBytes({ flash }: Board): number {
  return Math.floor(flash.regions.jsB.bytes / 2 / flash.sectorBytes) * flash.sectorBytes;
}

/** What a kit's bundle and image are. @param atS When it was first built, so that it stays the same. @throws BuildStop */
export async function kitImages(config: FlashConfig, board: Board, atS: number): Promise<DevImages> {
  const native = new Uint8Array(readBytes(await readyRuntime(board.name, { tls: false, modelled: false })));
  return { js: await buildKitBundle(config, board, { release: RELEASE, atS }), native };
}

/** Its builds are scripts alone. */
export function openKitBuilder(config: FlashConfig, board: Board): DevBuilder {
  const product = { ...config, board: board.name };
  const sources = openSourceWatch();
  sources.follow([config.app]);
  return {
    async build() {
      const { description } = await describedApp(product, board, RELEASE);
      const { script, places, inputs } = await buildKitApp(config.app, description);
      sources.follow(inputs);
      const most = appPlaceBytes(board) - APP_HEAD_BYTES;
      if (script.length > most) {
        throw new BundleError(
          `${config.app}: the app takes ${script.length} bytes (a development kit of ${board.name} allows ${most}); make it smaller`,
        );
      }
      return { js: script, native: undefined, map: "", places };
    },
    onChange: sources.onChange,
    close() {
      sources.close();
      return Promise.resolve();
    },
  };
}
