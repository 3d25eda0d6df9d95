/** The real update machine over modelled flash and the boot stage's decision, behind the face of the fleets' model unit. */
import type { Fate, FleetUnit, Message } from "#boards/sim/host/fleet-unit.ts";
import type { DeviceEvent, Effect, InnerEvent } from "#device/machine.ts";
import { createOta } from "#device/ota/ota.ts";
import type { OtaState } from "#device/ota/state.ts";
import type { PortEvent, ResetReason } from "#device/port.ts";
import { openSettings, performOp } from "#device/settings.ts";
import { openStore, performStore } from "#device/store/store.ts";
import type { FlashModel } from "../powercut/flash-model.ts";
import { crypto, type Regions, TIMES } from "../powercut/maker.ts";
import { bootStage } from "../powercut/world.ts";

/** Timers that may go by before a unit has something to say. */
const TIMERS_MAX = 60;

export interface FlashUnit extends Pick<FleetUnit, "connected" | "heard" | "lostPower"> {
  /** Lets time pass until it says something, restarts, or has nothing to wait for. */
  later(): ReturnType<FleetUnit["heard"]>;
  /** Sequence of what is confirmed. */
  readonly sequence: number;
}

export function createFlashUnit(flash: FlashModel, regions: Regions, fateOf: (sequence: number) => Fate): FlashUnit {
  const createUnit = (isTrial: boolean, resetReason: ResetReason) =>
    createOta({ crypto, flash, regions, system: { isTrial, resetReason }, times: TIMES });
  let ota = createUnit(false, "power");
  let state: OtaState = ota.initial;
  let nowMs = 0;
  let wakeAtMs = Number.POSITIVE_INFINITY;
  let stopped: ResetReason | undefined = "power";
  let says: Message[] = [];
  let store = openStore(openSettings(flash, regions.settings));

  function perform(effect: Effect, queue: (PortEvent | InnerEvent)[]): boolean {
    if (effect.kind === "store" || effect.kind === "forget") performStore(store, "ota", effect);
    else if (effect.kind === "restart") stopped = effect.reason;
    else if (effect.kind === "flash-erase" || effect.kind === "flash-write") performOp(flash, effect);
    else if (effect.kind === "emit" && effect.event.kind === "publish") {
      says.push({ name: effect.event.topic, payload: effect.event.payload });
    } else if (effect.kind === "emit") queue.push(effect.event);
    return stopped === undefined;
  }
  function take(...events: readonly (PortEvent | InnerEvent)[]): void {
    const queue = [...events];
    for (let event = queue.shift(); event !== undefined && stopped === undefined; event = queue.shift()) {
      const step = ota.step(state, { ...event, nowMs: ++nowMs } as DeviceEvent);
      state = step.state;
      wakeAtMs = step.wakeAtMs ?? Number.POSITIVE_INFINITY;
      for (const effect of step.effects) if (!perform(effect, queue)) break;
    }
  }
  function passTime(): void {
    for (let timers = 0; timers < TIMERS_MAX; timers++) {
      if (stopped !== undefined || says.length > 0 || wakeAtMs === Number.POSITIVE_INFINITY) return;
      nowMs = Math.max(nowMs, wakeAtMs);
      take({ kind: "timer" });
    }
  }
  /** Starts until something runs that reaches its link. */
  function start(): void {
    while (stopped !== undefined) {
      const reason = stopped;
      const image = bootStage({ flash, regions }, reason);
      if (image === undefined) throw new Error("no image verifies");
      stopped = undefined;
      const fate = image.isTrial ? fateOf(image.sequence) : "works";
      if (fate === "crashes") stopped = "exception";
      ota = createUnit(image.isTrial, reason);
      state = ota.initial;
      store = openStore(openSettings(flash, regions.settings));
      const { facts, settings: stored } = store;
      take({ kind: "start", facts, stored }, { kind: "app-started", passed: true });
      if (fate === "unheard") passTime();
    }
  }
  const told = (work: () => void) => {
    says = [];
    work();
    return { says, restart: stopped !== undefined };
  };
  return {
    connected: () =>
      told(() => {
        start();
        take({ kind: "link-up" });
      }).says,
    heard: (name, payload) => told(() => take({ kind: "link-message", topic: name, payload })),
    later: () => told(passTime),
    lostPower() {
      stopped = "power";
    },
    get sequence() {
      return state.journal.state.confirmed.sequence;
    },
  };
}
