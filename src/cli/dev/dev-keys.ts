/** Keys, release and identity of a development unit: a key set of its own, so that neither kind of unit takes what the other runs. */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fromHex, toHex } from "#base/bytes.ts";
import type { Board } from "#boards/sim/host/board.ts";
import { openFlashFile } from "#boards/sim/host/flash-file.ts";
import type { SimStation } from "#boards/sim/host/station.ts";
import { firstFlash } from "#cli/factory/first-flash.ts";
import { makerKeys, newMakerKeys } from "#cli/maker-keys.ts";
import { CliTrouble } from "#cli/trouble.ts";
import { ROOTS_FILE } from "#cloud/releases/key-set-files.ts";
import { openSettings } from "#device/settings.ts";
import { openStore, performStore, remember } from "#device/store/store.ts";
import type { FlashConfig } from "#factory/config.ts";
import { type MakerKeys, makeIdentity } from "#factory/identity.ts";
import type { FlashImage } from "#factory/images.ts";
import { holderSeed } from "#trust/grants/card-keys.ts";
import { readText } from "#trust/host/files.ts";
import { readKeyFile } from "#trust/host/key-file.ts";
import { nodePrimitives as crypto } from "#trust/host/node-primitives.ts";
import { replaceSecretFile } from "#trust/host/secret-file.ts";
import { signRelease } from "#trust/releases/sign-release.ts";
import { rootOfBytes } from "#wire/releases/blocks.ts";
import { COMPONENT } from "#wire/releases/release.ts";

/** The one release of a development unit: each change takes the place of the one before. */
const SEQUENCE = 1;

/** What a development unit starts. */
export interface DevImages {
  readonly js: Uint8Array;
  readonly native: Uint8Array | undefined;
}

/** How the tool reaches its unit: as its owner. */
export interface DevIdentity {
  readonly deviceId: Uint8Array;
  readonly holderSeed: Uint8Array;
  readonly network: { readonly ssid: string; readonly passphrase: string };
}

export function devKeys(config: FlashConfig): MakerKeys {
  mkdirSync(config.keys, { recursive: true });
  if (!existsSync(join(config.keys, ROOTS_FILE))) newMakerKeys(config.keys, config.product);
  return makerKeys(config);
}

/** What goes where in flash: signed by the development key set. @param settings What the unit remembers from its first start on, beside keys. */
export function devFlash(
  config: FlashConfig,
  board: Board,
  keys: MakerKeys,
  { js, native }: DevImages,
  settings: ReadonlyMap<string, Uint8Array> = new Map(),
): readonly FlashImage[] {
  const images = new Map<number, Uint8Array>([[COMPONENT.js, js]]);
  if (native !== undefined) images.set(COMPONENT.native, native);
  const components = [...images]
    .sort(([a], [b]) => a - b)
    .map(([kind, image]) => {
      const imageRoot = rootOfBytes(crypto.sha256, image);
      // Nobody sends it anywhere: it has no stream of its own.
      const transfers = [{ streamBytes: image.length, root: imageRoot.slice(0, 16), base: undefined }];
      return { kind, imageBytes: image.length, imageRoot, transfers };
    });
  const { product, hardwareRevision } = config;
  const release = {
    ...{ product, sequence: SEQUENCE, hardware: [hardwareRevision], notAfterS: undefined, epoch: 0, components },
    consent: "auto" as const,
  };
  const { seed } = readKeyFile(join(config.keys, "release.key"), "release");
  const signed = signRelease(crypto, seed, release);
  return firstFlash(config, board, { release, signed, streams: [], images }, keys, "the development release", settings);
}

/** Of a first flash, what is replaced at each change: the images and the journal. What the unit remembers stays. */
export function changedImages(board: Board, images: readonly FlashImage[]): readonly FlashImage[] {
  const kept = [board.flash.regions.settings.start, board.flash.regions.entropy?.start];
  return images.filter(({ address }) => !kept.includes(address));
}

const identityPath = (config: FlashConfig) => join(config.output, "unit.json");

/** The unit that was made here before, or undefined. */
export function knownUnit(config: FlashConfig, flashPath: string): DevIdentity | undefined {
  if (!existsSync(identityPath(config)) || !existsSync(flashPath)) return undefined;
  const read = JSON.parse(readText(identityPath(config))) as Record<string, string>;
  const [deviceId, secret] = [fromHex(read.deviceId ?? ""), fromHex(read.secret ?? "")];
  const { ssid, passphrase } = read;
  if (deviceId === undefined || secret === undefined || ssid === undefined || passphrase === undefined) {
    throw new CliTrouble(`${identityPath(config)} is damaged; make the development unit again: latchkey dev --fresh`);
  }
  return { deviceId, holderSeed: holderSeed(crypto, secret, deviceId), network: { ssid, passphrase } };
}

/** Makes a unit as the line does, and has it know the development network from its first start. Its power is off afterwards. */
export async function makeDevUnit(
  config: FlashConfig,
  board: Board,
  keys: MakerKeys,
  station: SimStation,
  flashPath: string,
  images: readonly FlashImage[],
): Promise<DevIdentity> {
  await station.flash(images);
  await station.power(true);
  const identity = await station.ask({ kind: "identify" });
  if (identity.kind !== "identity") throw new CliTrouble("the unit does not say who it is; run latchkey dev --fresh");
  const made = makeIdentity(crypto, config, keys, identity.publicKey, Math.floor(Date.now() / 1000));
  const done = await station.ask({ kind: "provision", values: made.values });
  if (done.kind !== "done" || done.fault !== 0) {
    throw new CliTrouble("the unit does not take its identity; run latchkey dev --fresh");
  }
  await station.power(false);
  const network = { ssid: "latchkey-dev", passphrase: toHex(crypto.random(16)) };
  rememberNetwork(board, flashPath, network);
  const { id: deviceId, secret } = made;
  replaceSecretFile(
    identityPath(config),
    `${JSON.stringify({ deviceId: toHex(deviceId), secret: toHex(secret), ...network })}\n`,
  );
  return { deviceId, holderSeed: holderSeed(crypto, secret, deviceId), network };
}

function rememberNetwork(board: Board, flashPath: string, { ssid, passphrase }: DevIdentity["network"]): void {
  const flash = openFlashFile(flashPath, board.flash);
  const store = openStore(openSettings(flash, board.flash.regions.settings));
  const wifi = { ssid: new TextEncoder().encode(ssid), passphrase: new TextEncoder().encode(passphrase) };
  const effect = remember("wifi", wifi);
  if (effect.kind !== "store" || !performStore(store, "onboarding", effect)) {
    throw new CliTrouble(`${flashPath} does not take the unit's settings; run latchkey dev --fresh`);
  }
  flash.close();
}
