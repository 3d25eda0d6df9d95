/** Deep sleep of the simulated board: no engine runs, a few bytes stay in memory, and time, a pin or the button end it. */
import type { WakeReason } from "#device/port.ts";

interface SleepWish {
  readonly forMs: number;
  readonly pin: string;
  readonly kept: Uint8Array;
}

interface SleepModel {
  /** What ended the sleep before this run. */
  wokenBy(): WakeReason;
  kept(): Uint8Array;
  /** The run that asks ends, and the board is to sleep then. */
  want(wish: SleepWish): void;
  wanted(): { readonly forMs: number | null; readonly pin: string } | undefined;
  /** Sleeps. @returns What ended it. */
  over(): Promise<WakeReason>;
  /** Ends the sleep if its pin has changed. */
  look(): void;
  wake(by: WakeReason): void;
  /** A run ended otherwise: nothing of it is kept. */
  forget(): void;
}

/** Node fires a longer timeout at once. */
const TIMEOUT_MAX_MS = 2 ** 31 - 1;

/** @param readPin The value of a pin. */
export function createSleepModel(readPin: (pin: string) => number): SleepModel {
  let wish: SleepWish | undefined;
  let last: { readonly by: WakeReason; readonly kept: Uint8Array } | undefined;
  let before = 0;
  let end: ((by: WakeReason) => void) | undefined;
  return {
    wokenBy: () => last?.by ?? "start",
    kept: () => last?.kept ?? new Uint8Array(0),
    want(wanted) {
      wish = { ...wanted, kept: wanted.kept.slice() };
      before = wish.pin === "" ? 0 : readPin(wish.pin);
    },
    wanted: () => wish && { forMs: Number.isFinite(wish.forMs) ? wish.forMs : null, pin: wish.pin },
    async over() {
      const { forMs, kept } = wish as SleepWish;
      let timer: NodeJS.Timeout | undefined;
      const by = await new Promise<WakeReason>((resolve) => {
        end = resolve;
        const untilMs = performance.now() + forMs;
        const wait = (): void => {
          const leftMs = untilMs - performance.now();
          if (leftMs <= 0) return resolve("timer");
          timer = setTimeout(wait, Math.min(TIMEOUT_MAX_MS, Math.ceil(leftMs)));
        };
        if (Number.isFinite(forMs)) wait();
      });
      clearTimeout(timer);
      end = undefined;
      wish = undefined;
      // Other images were put into flash: whatever ran before is not what runs now.
      last = by === "start" ? undefined : { by, kept };
      return by;
    },
    look() {
      if (wish !== undefined && wish.pin !== "" && readPin(wish.pin) !== before) end?.("pin");
    },
    wake: (by) => end?.(by),
    forget: () => {
      last = undefined;
    },
  };
}
