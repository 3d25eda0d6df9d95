/**
 * The type of a machine: a pure step from (state, event) to state and effects. All of the device's decisions have
 * this shape. A machine holds no clock, socket, flash or key of its own; device/runner.ts alone performs effects, in
 * order, and turns what the board reports into events. The same machines run on a chip, in QEMU, in the simulator and
 * in a test.
 */
import type { Fault } from "#base/faults.ts";
import type { SignedInterval, TimeState } from "#trust/time-floor.ts";
import type { FlashOp } from "#wire/flash/record-log.ts";
import type { LogLevel } from "#wire/sessions/unit-log.ts";
import type { PortEvent, RestartReason, Secure } from "./port.ts";
import type { Facts } from "./store/facts.ts";

/** What happened, stamped with the board's monotonic milliseconds. */
export type DeviceEvent = (PortEvent | InnerEvent) & { readonly nowMs: number };

/** What one machine tells the others. Every machine is shown every event and ignores what is not for it. */
export type InnerEvent =
  /** First event of a run, with what the unit remembers. `stored` has the same values as the bytes that lie in flash. */
  | { readonly kind: "start"; readonly facts: Facts; readonly stored: Stored }
  /**
   * The flash did not take a value, or did not forget one: what followed it in that step was not performed. Shown to the
   * machine whose step it was, before it sees any other event; `name` is the entry's name in flash.
   */
  | { readonly kind: "store-failed"; readonly name: string }
  /** What the gate stored before it asked for this event is in flash: the answer with this number may go out. */
  | { readonly kind: "answer-stored"; readonly id: number }
  /** The unit is on the network, with the address it got. */
  | { readonly kind: "online"; readonly ipv4: string }
  | { readonly kind: "offline" }
  /** Whoever holds the air key says what time it is, Unix seconds: a hint, which may only refuse (PROTOCOL 4.10). */
  | { readonly kind: "time-hinted"; readonly hintS: number }
  /**
   * A server without any proof says what time it is now, Unix seconds (SNTP): for the app's clock and for log stamps. No right is
   * decided by it.
   */
  | { readonly kind: "time-guessed"; readonly unixS: number }
  /** A person typed a network's credentials into the portal, or a program gave them at the console; proves no card-holder. */
  | {
      readonly kind: "credentials-given";
      readonly ssid: Uint8Array;
      readonly passphrase: Uint8Array;
      readonly isOverSerial?: boolean;
    }
  /** The network that was heard or given can't be joined. */
  | { readonly kind: "join-given-up" }
  /** The maker's signed time was taken: what is known of the time from now on. */
  | { readonly kind: "time-taken"; readonly time: TimeState }
  /** The owner's phone signed what time it is (PROTOCOL 4.10). */
  | { readonly kind: "time-vouched"; readonly interval: SignedInterval }
  /** The broker's link is up (session established) or down. */
  | { readonly kind: "link-up" }
  | { readonly kind: "link-down" }
  /** The link gave up an attempt and waits; why. */
  | { readonly kind: "link-failed"; readonly fault: Fault }
  /** The owner said where the unit's cloud is, or that the factory's counts again; it is stored. */
  | { readonly kind: "cloud-moved" }
  /** The key set in use, at the start and when it changes. */
  | { readonly kind: "key-set-known"; readonly version: number }
  /** What runs, and where the unit is with the release that it was last offered (wire/link/unit-state.ts). */
  | { readonly kind: "unit-state"; readonly payload: Uint8Array }
  /** Somebody in a session brings a signed key set (PROTOCOL 8.11). */
  | { readonly kind: "carried-key-set"; readonly signed: Uint8Array }
  | { readonly kind: "link-message"; readonly topic: string; readonly payload: Uint8Array }
  /** Asks the link machine to publish below this unit's own topic (QoS 1 unless it says 0); lost when the link is down. */
  | {
      readonly kind: "publish";
      readonly topic: string;
      readonly payload: Uint8Array;
      readonly retain: boolean;
      readonly qos?: 0 | 1;
    }
  /** Revocations that came over the link were taken; their tag (wire/grants/revocation.ts). */
  | { readonly kind: "revocations-taken"; readonly tag: number }
  /** The number of a connection asked for with `tcp-connect`, or -1 when none is free. */
  | { readonly kind: "tcp-opening"; readonly tag: string; readonly connection: number }
  /** An owner's session or the cloud proved that this image can be reached (confirms a trial). */
  | { readonly kind: "peer-proved"; readonly by: "cloud" | "session" }
  /** Somebody asks for, or agrees to, the release of this sequence; `isOwners` when that is the owner's consent. */
  | { readonly kind: "update-approved"; readonly sequence: number; readonly isOwners: boolean }
  /** The button was held for ten seconds: what is the app's, a guest's or the network's is to be forgotten. */
  | { readonly kind: "reset" }
  /** The app's function has answered (deterministic CBOR), or was refused with APP_NO_SUCH_NAME, APP_ARGUMENT, APP_THREW, APP_ANSWER. */
  | { readonly kind: "called"; readonly id: number; readonly result: Uint8Array }
  | { readonly kind: "call-failed"; readonly id: number; readonly fault: Fault }
  /**
   * The maker's code threw, gave what cannot be told, or was kept within its bounds: in which function or variable, and what. A
   * fatal one ends the trial; APP_STOPPED ends the app.
   */
  | {
      readonly kind: "app-failed";
      readonly name: string;
      readonly message: string;
      /** Of what was thrown, without a word of the app's: `RangeError`. Absent where the message is the runtime's. */
      readonly kindOfError?: string;
      /** The engine's, of what was thrown. */
      readonly stack?: string;
      readonly fault: Fault;
      readonly isFatal: boolean;
    }
  /** The app has started; on a trial start its self-test decides with `passed` whether the image may be confirmed. */
  | { readonly kind: "app-started"; readonly passed: boolean }
  /** A flash operation failed: what followed it in the same step was not performed. */
  | { readonly kind: "flash-failed"; readonly address: number }
  /** The update machine goes on with its next page. */
  | { readonly kind: "ota-continue" }
  /** Somebody on the unit's own network brings a release by hand, then the blocks that `carry-want` asks for. */
  | {
      readonly kind: "carried-release";
      readonly signed: Uint8Array;
      readonly from: string;
      /** Whether it was brought with the owner's consent. */
      readonly isOwners: boolean;
    }
  | { readonly kind: "carried-block"; readonly payload: Uint8Array }
  | { readonly kind: "carry-want"; readonly payload: Uint8Array }
  /** The app's receiver knows where the unit is: latitude and longitude in degrees times 100,000. */
  | { readonly kind: "located"; readonly place: readonly [latitudeE5: number, longitudeE5: number] }
  /** The app says that one of its events happened. */
  | { readonly kind: "raised"; readonly name: string; readonly value: Uint8Array };

/** What the machines ask of the runner. */
export type Effect =
  | { readonly kind: "emit"; readonly event: InnerEvent }
  /**
   * Remembers a value over power loss, before any later effect is performed; made by `remember` and `forget` of
   * store/store.ts. When the flash does not take it, the step ends there and the machine is told `store-failed`.
   */
  | { readonly kind: "store"; readonly name: string; readonly value: Uint8Array }
  | { readonly kind: "forget"; readonly name: string }
  | FlashOp
  /** Adds to a log that nothing else depends on: what follows is performed also where the flash takes no more. */
  | { readonly kind: "append"; readonly ops: readonly FlashOp[] }
  | { readonly kind: "radio-country"; readonly country: Uint8Array }
  | { readonly kind: "radio-scan" }
  | { readonly kind: "radio-listen"; readonly channel: number }
  | { readonly kind: "radio-join"; readonly ssid: Uint8Array; readonly passphrase: Uint8Array }
  | { readonly kind: "radio-leave" }
  | { readonly kind: "radio-access-point"; readonly ssid: Uint8Array }
  | { readonly kind: "tcp-listen"; readonly port: number }
  /** Answered at once by `tcp-opening` with the same tag, which names the machine that asked. */
  | {
      readonly kind: "tcp-connect";
      readonly tag: string;
      readonly host: string;
      readonly port: number;
      readonly secure?: Secure | undefined;
    }
  | { readonly kind: "tcp-write"; readonly connection: number; readonly bytes: Uint8Array }
  /** Closes behind what was written, which has some seconds to leave; at once, what was not sent yet is lost. */
  | { readonly kind: "tcp-close"; readonly connection: number; readonly isAtOnce?: boolean }
  | { readonly kind: "udp-listen"; readonly port: number; readonly group?: string }
  | {
      readonly kind: "udp-send";
      readonly host: string;
      readonly port: number;
      readonly bytes: Uint8Array;
      readonly from?: number;
    }
  /** Runs a function of the app with arguments by name (a CBOR map); the answer is `called` or `call-failed` with the same id. */
  | { readonly kind: "call"; readonly id: number; readonly name: string; readonly args: Uint8Array }
  /** Bytes for the console as they are: the factory line's answers. */
  | { readonly kind: "console-write"; readonly bytes: Uint8Array }
  /** One line for the maker's log: a fixed text and numbers or names. Never a secret, never personal data. */
  | { readonly kind: "log"; readonly text: string; readonly level?: LogLevel }
  /** Ends the run. `by` does it in another way than a restart: by a sleep. */
  | { readonly kind: "restart"; readonly reason: RestartReason; readonly by?: () => void };

/** Reads of what was stored; a read changes nothing, so a step may do it. */
export interface Stored {
  get(name: string): Uint8Array | undefined;
  names(): readonly string[];
}

export interface Step<State> {
  readonly state: State;
  readonly effects: readonly Effect[];
  /** When this machine next wants a `timer` event, in board milliseconds; none when absent. */
  readonly wakeAtMs?: number;
}

export interface Machine<State> {
  readonly name: string;
  readonly initial: State;
  /** A step owns the state it is given and may reuse its buffers; the caller must not look at the old one again. */
  step(state: State, event: DeviceEvent): Step<State>;
  /** Whether something is going on that a sleep would interrupt; nothing when absent. */
  isBusy?(state: State, nowMs: number): boolean;
}
