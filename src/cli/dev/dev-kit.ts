/** A development kit on a serial port: flashed through its chip's loader, then changed over its own network (ADR 0174). */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fromHex, toHex } from "#base/bytes.ts";
import { faultOf } from "#base/faults.ts";
import { utf8 } from "#base/utf8.ts";
import type { Board } from "#boards/sim/host/board.ts";
import { checkLoader } from "#cli/board/boot-images.ts";
import { CliTrouble } from "#cli/trouble.ts";
import { remember } from "#device/store/store.ts";
import type { FlashConfig } from "#factory/config.ts";
import { openEsp32Flasher } from "#factory/flasher/esp32-flasher.ts";
import { type Flasher, FlasherError } from "#factory/flasher/flasher.ts";
import { type MakerKeys, makeIdentity } from "#factory/identity.ts";
import type { FlashImage } from "#factory/images.ts";
import { printLabel } from "#factory/print.ts";
import { openLine } from "#factory/serial/open-line.ts";
import type { OpenLine } from "#factory/serial/serial-line.ts";
import { openSerialStation } from "#factory/serial/serial-station.ts";
import { discover } from "#phone/discover.ts";
import { holderSeed } from "#trust/grants/card-keys.ts";
import { readText } from "#trust/host/files.ts";
import { nodePrimitives as crypto } from "#trust/host/node-primitives.ts";
import { replaceSecretFile } from "#trust/host/secret-file.ts";
import { beginsLog, HEADER_BYTES } from "#wire/flash/record-log.ts";
import { appImage } from "#wire/lines/development-app.ts";
import type { DevBuild } from "./dev-build.ts";
import { type DevConsole, openDevConsole } from "./dev-console.ts";
import { changedImages, type DevIdentity, devFlash, devKeys } from "./dev-keys.ts";
import { appPlaceBytes, kitImages } from "./dev-kit-build.ts";
import { addTrouble, appReports } from "./dev-troubles.ts";
import type { DevUnit, UnitOptions } from "./dev-unit.ts";
import { isBootLine, kitConsole } from "./kit-line.ts";
import { loadKit } from "./kit-load.ts";

/** Where the kit is, and what it is to be told. */
export interface KitPlace {
  readonly port: string;
  /** What its chip starts first. */
  readonly boot: readonly FlashImage[];
  /** Where it is on its network, when it can't be found there. */
  readonly host?: string | undefined;
  /** Whether it may be made of a board that is a unit already. */
  readonly isFresh: boolean;
  /** Asked for when the kit is made. */
  network(): Promise<DevIdentity["network"]>;
  step<T>(name: string, work: () => Promise<T>, outcome?: (value: T) => string): Promise<T>;
}

/** What is known of a kit that was made here. */
interface KnownKit extends DevIdentity {
  readonly mac: string;
  readonly madeAtS: number;
}

const kitPath = (config: FlashConfig) => join(config.output, "unit.json");
const nowS = () => Math.floor(Date.now() / 1000);

function knownKit(config: FlashConfig): KnownKit | undefined {
  if (!existsSync(kitPath(config))) return undefined;
  const { deviceId, secret, mac, madeAtS, ssid, passphrase } = JSON.parse(readText(kitPath(config)));
  const [id, key] = [fromHex(String(deviceId)), fromHex(String(secret))];
  if (id === undefined || key === undefined || typeof mac !== "string") {
    throw new CliTrouble(`${kitPath(config)} is damaged; make the kit again: latchkey dev --fresh`);
  }
  return { deviceId: id, holderSeed: holderSeed(crypto, key, id), mac, madeAtS, network: { ssid, passphrase } };
}

/** The script's places in flash: this one in the first, nothing in the second. */
function appImages(board: Board, script: Uint8Array): readonly FlashImage[] {
  const { start } = board.flash.regions.jsB;
  const none = new Uint8Array(board.flash.sectorBytes).fill(0xff);
  return [
    { address: start, bytes: appImage(crypto.sha256, script) },
    { address: start + appPlaceBytes(board), bytes: none },
  ];
}

/** Those that the flash does not hold. */
async function missing(flasher: Flasher, images: readonly FlashImage[]): Promise<readonly FlashImage[]> {
  const found: FlashImage[] = [];
  for (const image of images) {
    try {
      await flasher.verify([image]);
    } catch (error) {
      if (!(error instanceof FlasherError)) throw error;
      found.push(image);
    }
  }
  return found;
}

/** A unit of the line would lose its key and all that it knows. @throws CliTrouble unless the board is none */
async function refuseUnit({ flasher, board, place }: Pick<Kit, "flasher" | "board" | "place">): Promise<void> {
  if (place.isFresh) return;
  const { start, bytes } = board.flash.regions.settings;
  for (const bank of [start, start + bytes / 2]) {
    if (!beginsLog(await flasher.read(bank, HEADER_BYTES))) continue;
    throw new CliTrouble(
      `the board on ${place.port} is a unit already, and would lose its key and all that it knows. To make a development unit of it all the same, add --fresh`,
    );
  }
}

interface Kit {
  readonly config: FlashConfig;
  readonly board: Board;
  readonly keys: MakerKeys;
  readonly place: KitPlace;
  readonly line: OpenLine;
  readonly flasher: Flasher;
  readonly mac: string;
  readonly script: Uint8Array;
}

/** Of a kit that was made here, what has changed is written; what it remembers stays. */
async function renewKit({ config, board, keys, place, flasher, script }: Kit, known: KnownKit): Promise<KnownKit> {
  const built = await place.step("build the bundle that stays", () => kitImages(config, board, known.madeAtS));
  const images = devFlash(config, board, keys, built);
  await place.step("write what changed, and read back", async () => {
    const stale = await missing(flasher, [...place.boot, ...changedImages(board, images)]);
    await flasher.write([...stale, ...appImages(board, script)]);
  });
  await place.step("start", () => flasher.reset());
  return known;
}

/** Makes a development unit of a kit, whatever it was before. */
async function makeKit({ config, board, keys, place, line, flasher, mac, script }: Kit): Promise<KnownKit> {
  await refuseUnit({ flasher, board, place });
  const network = await place.network();
  const madeAtS = nowS();
  const wifi = remember("wifi", { ssid: utf8(network.ssid), passphrase: utf8(network.passphrase) });
  const settings = new Map(wifi.kind === "store" ? [[wifi.name, wifi.value] as const] : []);
  const built = await place.step("build the bundle that stays", () => kitImages(config, board, madeAtS));
  const images = devFlash(config, board, keys, built, settings);
  await place.step("erase its whole flash", () => flasher.erase());
  await place.step("write, and read back", () =>
    flasher.write([...place.boot, ...images, ...appImages(board, script)]),
  );
  await place.step("start", () => flasher.reset());
  const station = openSerialStation(line, flasher, place.boot);
  const made = await place.step("the unit makes its key, and is yours", async () => {
    const identity = await station.ask({ kind: "identify" });
    if (identity.kind !== "identity") throw new CliTrouble("the kit does not say who it is; run latchkey dev --fresh");
    const own = makeIdentity(crypto, config, keys, identity.publicKey, madeAtS);
    const done = await station.ask({ kind: "provision", values: own.values });
    if (done.kind !== "done" || done.fault !== 0) {
      const why = done.kind === "done" ? (faultOf(done.fault) ?? done.fault) : done.kind;
      throw new CliTrouble(`the kit does not take its identity (${why}); run latchkey dev --fresh`);
    }
    return own;
  });
  const { id: deviceId, secret } = made;
  replaceSecretFile(
    kitPath(config),
    `${JSON.stringify({ deviceId: toHex(deviceId), secret: toHex(secret), mac, madeAtS, ...network })}\n`,
  );
  return { deviceId, holderSeed: holderSeed(crypto, secret, deviceId), network, mac, madeAtS };
}

/** Flashes the kit and starts it, and listens to its console from then on. @throws what is wrong with port, chip or kit, in one line */
export async function openDevKit(first: DevBuild, options: UnitOptions, place: KitPlace): Promise<DevUnit> {
  const { config, board } = options;
  const loader = checkLoader(board);
  const line = await openLine(place.port);
  try {
    const flasher = openEsp32Flasher(line, loader);
    const { mac } = await place.step(
      "detect",
      async () => ({ ...(await flasher.detect()), ...(await flasher.identify()) }),
      ({ description, flashBytes }) => `${description}, ${flashBytes / 2 ** 20} MB`,
    );
    const known = knownKit(config);
    const kit = { config, board, keys: devKeys(config), place, line, flasher, mac, script: first.js };
    const isKnown = known?.mac === mac;
    const identity = isKnown ? await renewKit(kit, known) : await makeKit(kit);
    const unit = runningKit(first, options, place, line, identity);
    const label = () => printLabel(config, identity.deviceId);
    if (!isKnown) await place.step("its label", label, (path) => path);
    return unit;
  } catch (error) {
    await line.close();
    throw error;
  }
}

const NO_HANDS = "this machine can't do that to a board on a cable; do it at the board";

function runningKit(
  first: DevBuild,
  options: UnitOptions,
  place: KitPlace,
  line: OpenLine,
  identity: DevIdentity,
): DevUnit {
  const { config, board, store, restarted } = options;
  let running = first;
  let there = first.js;
  store.change({ phase: "starting" });
  const lines = kitConsole(line);
  let console: DevConsole | undefined = openDevConsole(lines, {
    ...appReports(config.app, store, () => running),
    started(heapBytes) {
      store.change({
        ...{ phase: "running", startedAtMs: Date.now(), starts: store.state.starts + 1 },
        memory: { used: heapBytes, total: board.budgets.heapBytes },
      });
    },
  });
  lines.onLine((text) => {
    if (!isBootLine(text)) return;
    restarted();
    store.change({ phase: "starting", isLinked: false });
  });
  let isClosed = false;
  void line.ended.then(() => {
    console = undefined;
    if (isClosed) return;
    const text = `the line ${line.name} ended: the kit goes on, and saves go over its network. For its log, connect it and start latchkey dev again`;
    addTrouble(store, { kind: "crash", text });
  });
  const device = toHex(identity.deviceId);
  return {
    identity,
    async find() {
      if (place.host !== undefined) return { host: place.host, port: board.network.tcpPort };
      return (await discover({ device })).find(({ deviceId }) => toHex(deviceId) === device);
    },
    async load(next, link) {
      store.change({ troubles: store.state.troubles.filter(({ kind }) => kind === "types") });
      running = next;
      if (Buffer.compare(there, next.js) === 0) return;
      const before = there;
      // What the kit has is not known while something is on its way.
      there = new Uint8Array(0);
      const way = await loadKit({ link, isLinked: store.state.isLinked, console }, before, next.js);
      there = next.js;
      if (way === "cable") store.log("latchkey: the kit is not on its network yet; the app came over the cable");
    },
    power: (isOn) => (isOn ? Promise.resolve() : Promise.reject(new CliTrouble(NO_HANDS))),
    network() {
      throw new CliTrouble(NO_HANDS);
    },
    button() {
      throw new CliTrouble(NO_HANDS);
    },
    setSignal() {
      throw new CliTrouble(NO_HANDS);
    },
    console: () => console,
    async close() {
      isClosed = true;
      await line.close();
    },
  };
}
