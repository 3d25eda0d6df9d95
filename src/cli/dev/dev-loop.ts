/** The loop of development: builds, starts, watches files, and carries out what the page asks for. */
import type { Board } from "#boards/sim/host/board.ts";
import { plainOf } from "#cli/phone/describe.ts";
import { CliTrouble } from "#cli/trouble.ts";
import type { Cbor } from "#codec/cbor.ts";
import { BundleError } from "#factory/bundle/bundle.ts";
import type { FlashConfig } from "#factory/config.ts";
import type { DevState, Trouble } from "#web/dev/interface.ts";
import type { Value } from "#web/ui/described.ts";
import { type DevBuild, openDevBuilder } from "./dev-build.ts";
import { type KitPlace, openDevKit } from "./dev-kit.ts";
import { openKitBuilder } from "./dev-kit-build.ts";
import { type DevLink, openDevLink } from "./dev-link.ts";
import { canPress, signalsOf } from "./dev-signals.ts";
import { createDevStore, type DevStore } from "./dev-state.ts";
import { openDevTypes } from "./dev-types.ts";
import { type DevUnit, openDevUnit } from "./dev-unit.ts";
import { placedMessage } from "./stack-places.ts";

/** Between two looks at the unit's memory. */
const USAGE_MS = 2_000;

export interface DevLoop {
  readonly store: DevStore;
  readonly unit: DevUnit;
  readonly link: DevLink;
  /** Builds again and starts what came of it. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

function firstState(config: FlashConfig, board: Board): DevState {
  return {
    ...{ product: config.product, board: board.name, app: config.app, phase: "building", isPowered: true },
    ...{ isOnNetwork: true, isLinked: false, startedAtMs: null, reloadMs: null, starts: 0, troubles: [] },
    ...{
      canPress: canPress(board),
      description: null,
      variables: {},
      settings: {},
      histories: {},
      memory: null,
      flash: [],
      timeGrade: null,
    },
    signals: signalsOf(board),
  };
}

const shownValue = (value: Cbor): Value => plainOf(value) as Value;

/** Troubles of one kind make room for what the same check says now. */
function replaceTroubles(store: DevStore, kind: Trouble["kind"], message: string | undefined): void {
  const others = store.state.troubles.filter((trouble) => trouble.kind !== kind);
  const found = message === undefined ? [] : [{ kind, ...placedMessage(message) }];
  store.change({ troubles: [...found, ...others] });
}

/**
 * @param kit A board on a serial port; a simulated or emulated unit when undefined.
 * @throws BundleError when the app does not build at the start: there is no unit to show yet.
 */
export async function startDevLoop(config: FlashConfig, board: Board, kit?: KitPlace): Promise<DevLoop> {
  const store = createDevStore(firstState(config, board));
  const builder = kit === undefined ? await openDevBuilder(config, board) : openKitBuilder(config, board);
  const first = await builder.build();
  let link: DevLink | undefined;
  const options = { config, board, store, restarted: () => link?.reset() };
  const unit = kit === undefined ? await openDevUnit(first, options) : await openDevKit(first, options, kit);
  const opened = openDevLink(unit.identity, unit.find, reportsTo(store, unit));
  link = opened;
  let running = first;
  let isBusy = false;
  let again: number | undefined;
  const types = openDevTypes(config, board);
  const checkTypes = () => types.check((trouble) => replaceTroubles(store, "types", trouble));

  async function change(savedAtMs: number, isForced = false): Promise<void> {
    const { phase } = store.state;
    store.change({ phase: "building" });
    // Nothing new is started; unless the unit has said more by now, it is as it was.
    const stay = () => (store.state.phase === "building" ? store.change({ phase }) : undefined);
    let built: DevBuild;
    try {
      built = await builder.build();
    } catch (error) {
      if (!(error instanceof BundleError)) throw error;
      replaceTroubles(store, "build", error.message);
      return stay();
    }
    replaceTroubles(store, "build", undefined);
    checkTypes();
    if (!isForced && Buffer.compare(built.js, running.js) === 0) return stay();
    running = built;
    const { starts } = store.state;
    await unit.load(built, opened);
    const end = store.watch(({ kind, data }) => {
      if (kind !== "state" || data.starts === undefined || data.starts === starts) return;
      // Not from within the call that tells it.
      setImmediate(() => end());
      store.change({ reloadMs: Math.round(performance.now() - savedAtMs) });
    });
  }

  async function changed(savedAtMs: number): Promise<void> {
    if (isBusy) {
      again = savedAtMs;
      return;
    }
    isBusy = true;
    await change(savedAtMs).catch((error: Error) => replaceTroubles(store, "crash", error.message));
    isBusy = false;
    const next = again;
    again = undefined;
    if (next !== undefined) await changed(next);
  }

  builder.onChange((savedAtMs) => void changed(savedAtMs));
  await unit.load(first, opened);
  await unit.power(true);
  checkTypes();
  const usage = setInterval(() => void showUsage(store, unit, board), USAGE_MS);
  return {
    ...{ store, unit, link: opened },
    restart: () => change(performance.now(), true),
    async close() {
      clearInterval(usage);
      await types.close();
      await builder.close();
      await opened.close();
      await unit.close();
    },
  };
}

async function showUsage(store: DevStore, unit: DevUnit, board: Board): Promise<void> {
  const console = unit.console();
  if (console === undefined || !store.isWatched() || store.state.phase !== "running") return;
  const used = await console.heapBytes().catch((error: unknown) => {
    if (error instanceof CliTrouble) return undefined;
    throw error;
  });
  if (used === undefined) return;
  store.change({ memory: { used, total: board.budgets.heapBytes } });
  store.sample("memory", used);
}

function reportsTo(store: DevStore, unit: DevUnit): Parameters<typeof openDevLink>[2] {
  return {
    linked(isLinked) {
      store.change({ isLinked });
      // A kit off its cable: that it answers says that it has started.
      if (isLinked && unit.console() === undefined) {
        store.change({ phase: "running", startedAtMs: Date.now(), starts: store.state.starts + 1 });
      }
    },
    described: (description) => store.change({ description, settings: {} }),
    timeGrade: (timeGrade) => store.change({ timeGrade }),
    variable(name, value) {
      const shown = shownValue(value);
      if (JSON.stringify(store.state.variables[name]) !== JSON.stringify(shown)) {
        store.change({ variables: { ...store.state.variables, [name]: shown } });
      }
      if (typeof shown === "boolean") store.sample(`variable ${name}`, shown ? 1 : 0);
      if (typeof shown === "number") store.sample(`variable ${name}`, shown);
    },
    setting: (name, value) => store.change({ settings: { ...store.state.settings, [name]: shownValue(value) } }),
    histories: (histories) => store.change({ histories }),
    raised: (name, value) => store.raised(name, shownValue(value)),
    wanted: () => (store.isWatched() ? Object.keys(store.state.description?.variables ?? {}) : []),
  };
}
