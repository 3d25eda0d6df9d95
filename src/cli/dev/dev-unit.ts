/** The running development unit: its process, its power and network, and what it tells. The page's state follows it. */
import { join } from "node:path";
import type { Board } from "#boards/sim/host/board.ts";
import type { Child } from "#boards/sim/host/child.ts";
import { openSimStation, type SimStation } from "#boards/sim/host/station.ts";
import { startsNative } from "#cli/factory/first-flash.ts";
import { loopbackSubnet } from "#cli/loopback-subnet.ts";
import type { FlashConfig } from "#factory/config.ts";
import type { FlashImage } from "#factory/images.ts";
import type { Signal } from "#web/dev/interface.ts";
import { openDevAir } from "./dev-air.ts";
import type { DevBuild } from "./dev-build.ts";
import { type DevConsole, openDevConsole } from "./dev-console.ts";
import { flashUse, writeImages } from "./dev-flash.ts";
import {
  changedImages,
  type DevIdentity,
  type DevImages,
  devFlash,
  devKeys,
  knownUnit,
  makeDevUnit,
} from "./dev-keys.ts";
import type { DevLink, UnitPlace } from "./dev-link.ts";
import { commandOf } from "./dev-signals.ts";
import type { DevStore } from "./dev-state.ts";
import { addTrouble, appReports, troubleOf } from "./dev-troubles.ts";
import type { Lines } from "./stack-places.ts";

/** A unit that ends before it works is started again once; then it waits for the next change. */
const FAILED_STARTS_MAX = 2;

export interface DevUnit {
  readonly identity: DevIdentity;
  /** Where it is while it is on the network. */
  find(): Promise<UnitPlace | undefined>;
  /** Starts a changed app. What the unit remembers stays. */
  load(build: DevBuild, link: DevLink): Promise<void>;
  power(isOn: boolean): Promise<void>;
  network(isOn: boolean): void;
  button(heldMs: number): void;
  setSignal(signal: Signal, value: number | null): void;
  console(): DevConsole | undefined;
  close(): Promise<void>;
}

export interface UnitOptions {
  readonly config: FlashConfig;
  readonly board: Board;
  readonly store: DevStore;
  /** Called when the unit starts and when it ends: its sessions are gone. */
  restarted(): void;
}

/** Opens the unit that was made here before, or makes it of these images. Its power is off. */
export async function openDevUnit(first: DevImages, options: UnitOptions): Promise<DevUnit> {
  const { config, board, store } = options;
  const flashPath = join(config.output, "unit.flash");
  const keys = devKeys(config);
  const images = devFlash(config, board, keys, first);
  const subnet = await loopbackSubnet();
  const known = knownUnit(config, flashPath);
  let identity = known;
  if (identity === undefined) {
    // The line's own power-up needs no air: nobody answers there.
    const line = openSimStation(board, flashPath, "127.0.0.1:1");
    identity = await makeDevUnit(config, board, keys, line, flashPath, images);
  }
  const air = await openDevAir(subnet, identity.network);
  // An emulator has no notice of modelled outputs: its process watches them.
  const watching = board.name === "qemu-mps2" ? ["--watch-io"] : [];
  const station = openSimStation(board, flashPath, air.radio, watching);
  const flashOf = (of: DevImages) => changedImages(board, devFlash(config, board, keys, of));
  writeImages(board, flashPath, flashOf(first));
  const run = createRun(options, station, flashPath);
  return {
    identity,
    find: () => Promise.resolve({ host: air.address, port: board.network.tcpPort }),
    async load(next) {
      run.begin(next);
      await replaceImages(board, flashPath, run, flashOf(next), store);
    },
    power: run.power,
    network(isOn) {
      air.switchNetwork(isOn);
      store.change({ isOnNetwork: isOn });
    },
    button: (heldMs) => run.unit?.send({ heldMs }),
    setSignal(signal, value) {
      run.unit?.send(commandOf(signal, value));
      showSignal(store, signal.name, value);
    },
    console: () => run.console,
    async close() {
      await run.power(false);
      air.close();
    },
  };
}

/** What runs now. */
interface Run {
  /** What is told from now on is of this one. */
  begin(build: Lines): void;
  /** Has the running unit start these; what fails until it has them is of the app before. */
  replace(images: readonly FlashImage[]): void;
  unit: Child | undefined;
  console: DevConsole | undefined;
  power(isOn: boolean): Promise<void>;
}

async function replaceImages(
  board: Board,
  flashPath: string,
  run: Run,
  images: readonly FlashImage[],
  store: DevStore,
): Promise<void> {
  const { isPowered } = store.state;
  if (run.unit !== undefined && !startsNative(board)) {
    return run.replace(images);
  }
  await run.power(false);
  writeImages(board, flashPath, images);
  if (isPowered) await run.power(true);
}

function showSignal(store: DevStore, name: string, value: number | null): void {
  const signals = store.state.signals.map((signal) => (signal.name === name ? { ...signal, value } : signal));
  store.change({ signals });
  if (value !== null) store.sample(`signal ${name}`, value);
}

function createRun({ config, board, store, restarted }: UnitOptions, station: SimStation, flashPath: string): Run {
  let failedStarts = 0;
  let build: Lines = { map: "", places: [] };
  let isReplacing = false;
  function onNotice(notice: Readonly<Record<string, unknown>>): void {
    const { pin, io, value, failure, message, boot, replaced } = notice;
    if (typeof value === "number") {
      if (typeof pin === "string") showSignal(store, `digital ${pin}`, value);
      if (typeof io === "string") showSignal(store, io, value);
    }
    if (replaced !== undefined) isReplacing = false;
    if (boot !== undefined) {
      restarted();
      store.change({ phase: "starting", isLinked: false });
    }
    if (failure === undefined || isReplacing) return;
    const [text = "", ...stack] = String(message).split("\n");
    addTrouble(
      store,
      troubleOf("crash", failure === "exception" ? text : `${String(failure)}: ${text}`, stack.join("\n"), build),
    );
    if (store.state.phase === "starting" && ++failedStarts >= FAILED_STARTS_MAX) void stop();
  }

  async function stop(): Promise<void> {
    await run.power(false);
    // Its switch stays on: the next change starts it.
    store.change({ phase: "stopped", isPowered: true });
  }

  function attach(unit: Child): void {
    unit.onNotice((notice) => run.unit === unit && onNotice(notice));
    run.console = openDevConsole(unit, {
      ...appReports(config.app, store, () => build),
      started(heapBytes) {
        failedStarts = 0;
        store.change({
          ...{ phase: "running", startedAtMs: Date.now(), starts: store.state.starts + 1 },
          memory: { used: heapBytes, total: board.budgets.heapBytes },
          flash: flashUse(board, flashPath),
        });
      },
    });
    void unit.exited.then((code) => {
      if (run.unit !== unit) return;
      run.unit = undefined;
      run.console = undefined;
      restarted();
      const [words = ""] = unit.errors().trim().split("\n").slice(-1);
      addTrouble(store, { kind: "crash", text: words === "" ? `the unit's process ended (${code})` : words });
      store.change({ phase: "stopped", startedAtMs: null });
    });
  }

  const run: Run = {
    begin(next) {
      build = next;
      failedStarts = 0;
      store.change({ troubles: store.state.troubles.filter(({ kind }) => kind === "types") });
    },
    replace(images) {
      isReplacing = true;
      const sent = images.map(({ address, bytes }) => [address, Buffer.from(bytes).toString("base64")]);
      run.unit?.send({ images: sent });
    },
    unit: undefined,
    console: undefined,
    async power(isOn) {
      isReplacing = false;
      run.unit = undefined;
      run.console = undefined;
      await station.power(false);
      restarted();
      store.change({ isPowered: isOn, phase: isOn ? "starting" : "off", startedAtMs: null, isLinked: false });
      if (!isOn) return;
      await station.power(true);
      const unit = station.unit();
      run.unit = unit;
      if (unit === undefined) return;
      attach(unit);
      for (const signal of store.state.signals) {
        // The world around the unit did not change while it was off; what it drives itself did.
        if (!signal.isInput) showSignal(store, signal.name, 0);
        else if (signal.value !== null && signal.value !== 0) unit.send(commandOf(signal, signal.value));
      }
    },
  };
  return run;
}
