/**
 * The interface that a board implements for the device runtime: types only. Names follow ECMA-419 where it has them.
 * Every board's port.ts supplies one Port over its native functions, and passes boards/port-contract.test.ts.
 *
 * What somebody outside the unit can choose (a host, a port, a length, credentials, a peer's key) makes no call throw: a value
 * that is of no use is taken for nobody, nothing or a refusal (boards/port-contract/outer-values.ts). Calls are synchronous and short; what takes time comes back later as a PortEvent, one at a time, never from
 * inside a call.
 */
import type { Primitives } from "#trust/primitives.ts";
import type { AccessPoint, Frame } from "#wire/air/frame.ts";

export interface Port {
  /** Sets the one receiver of events. */
  onEvent(receive: (event: PortEvent) => void): void;
  readonly clock: {
    /** Milliseconds since start, monotonic, with fractions where the board has them. Not the time of day. */
    milliseconds(): number;
    /** Asks for one `timer` event at or after this moment; a later call replaces an earlier one. */
    wakeAt(milliseconds: number): void;
  };
  readonly crypto: Primitives;
  readonly flash: Flash;
  readonly radio: Radio;
  readonly tcp: Tcp;
  readonly udp: Udp;
  readonly pins: {
    /** Digital: 0 or 1. Names come from board.json. */
    write(pin: string, value: number): void;
    read(pin: string): number;
  };
  /** Hardware that apps use through the classes of ECMA-419; absent on a board that has none of it. */
  readonly io?: IoPort;
  /** Absent on a board that can't sleep. */
  readonly sleep?: SleepPort;
  /** 32 bytes that this chip alone can compute, always the same; undefined where its fuses hold no key for that. Absent on other chips. */
  secret?(): Uint8Array | undefined;
  /** Keeps the app's code within bounds; absent where the host has no engine of its own, as in a test. */
  readonly guard?: Guard;
  readonly console: {
    /** Writes to the board's serial console. Never a secret. */
    write(bytes: Uint8Array): void;
  };
  readonly system: {
    /** Starts again from the boot stage; does not return. */
    restart(reason: RestartReason): void;
    /** Tells the watchdog that the runtime is alive. */
    feedWatchdog(): void;
    /** Why the unit started: kept by the boot stage over a restart. */
    readonly resetReason: ResetReason;
    /** Whether the boot stage started this image on trial. */
    readonly isTrial: boolean;
    /** Bytes of heap in use by the engine. */
    heapBytes(): number;
  };
}

/**
 * What began a run: the time of a sleep was over, its pin changed, its button was pressed; or anything else, after which nothing
 * of an earlier run is kept.
 */
export type WakeReason = "timer" | "pin" | "button" | "start";

/** Deep sleep: the processor and the radio are off, and a few bytes of memory stay. */
export interface SleepPort {
  readonly wokenBy: WakeReason;
  /** What the sleep that ended with this start was given to keep; no bytes when there was none. */
  kept(): Uint8Array;
  /**
   * Sleeps; does not return, unless the board's button is held: how long that is, a unit awake must see. The unit starts again, with the reset reason "requested", when the time is over, the pin has another
   * value than now, or the board's button is pressed.
   * @param milliseconds Infinity for as long as the pin stays.
   * @param pin          No text for none.
   * @param kept         At most 256 bytes.
   */
  enter(milliseconds: number, pin: string, kept: Uint8Array): void;
}

export type RestartReason = "requested" | "update" | "fault";
export type ResetReason = "power" | RestartReason | "watchdog" | "out-of-memory" | "exception";

/**
 * Runs the app's code so that the runtime survives it. Jobs of promises are the app's as well: the host runs them after each event, within
 * the same bounds, and an async function that is broken off rejects its promise with `InternalError: interrupted`.
 */
interface Guard {
  /**
   * Calls `work`. Code that does not come to an end within its budget of progress is broken off, past all its handlers. Memory beyond
   * the app's budget (board.json: appHeapBytes) is refused with an exception of the engine's.
   * @returns 0; or APP_OVERDUE or APP_MEMORY by number. Throws nothing, provided that `work` catches what can be caught.
   */
  run(work: () => void): number;
  /** The stack of the code that was broken off last; absent where the engine keeps no lines. */
  brokenAt?(): string;
}

/** Flash as one flat address space. Erased bytes read 0xff; a write may only clear bits. See board.json for the map. */
export interface Flash {
  /** Bytes of the smallest unit that can be erased. */
  readonly sectorBytes: number;
  /** Bytes a write must be aligned to and a multiple of: 1 on NOR, 8 where a word can be written once. */
  readonly writeBytes: number;
  readonly byteLength: number;
  read(address: number, byteLength: number): Uint8Array;
  /** Writes and reads back. Returns false when the flash does not hold what was written (worn, or not erased). */
  write(address: number, bytes: Uint8Array): boolean;
  /** Erases the one sector that starts at this address. */
  eraseSector(address: number): boolean;
}

/** The radio as a co-processor: it listens and joins; the runtime decides. */
export interface Radio {
  /** Keeps the rules of a country from now on: two upper-case letters of ISO 3166-1. Asked before all else; one that the radio doesn't know changes nothing. */
  country(code: Uint8Array): void;
  /** Asks for a `radio-scan` event. */
  scan(): void;
  /** Listens on one 2.4 GHz channel (1 to 14) and reports frames there as `radio-frame`; 0 stops listening. */
  listen(channel: number): void;
  /** Joins a network; the answer is `radio-joined` or `radio-join-failed`. An empty passphrase means open. */
  join(ssid: Uint8Array, passphrase: Uint8Array): void;
  leave(): void;
  /** Opens the unit's own access point (SoftAP), or closes it when the SSID is empty. */
  accessPoint(ssid: Uint8Array): void;
}

/**
 * Connections are small numbers. A number is free again once its `tcp-closed` was delivered or `close` was called on it;
 * after `close` no event of that connection comes any more. There are 8, of which 6 can be accepted ones: two are left for
 * connections that the unit opens itself.
 */
export interface Tcp {
  listen(port: number): void;
  /**
   * Connects to an IPv4 address or a host name; returns the connection's number, or -1 when none is free. With `secure`,
   * `tcp-connected` comes once the server has proved who it is, and what is written and read is under TLS; two
   * connections at a time can be, the link's and the app's. Where that can't be had `tcp-closed` says why, and nothing was sent in the clear.
   */
  connect(host: string, port: number, secure?: Secure): number;
  /**
   * Queues all of the bytes or none: false when the send buffer has no room, or when the peer of an accepted connection has
   * not taken what was written before. Then nothing more is read from this connection until `tcp-drained`.
   */
  write(connection: number, bytes: Uint8Array): boolean;
  /** Sends what is queued, then closes. */
  close(connection: number): void;
}

/** TLS 1.2 to a server that a pinned authority vouches for (ECDSA over P-256). Names follow ECMA-419's TLS client. */
export interface Secure {
  /** The DNS name that the server's certificate must carry. */
  readonly serverName: string;
  /** DER of the X.509 certificates of one to three authorities, one after the other. */
  readonly certificate: Uint8Array;
  /**
   * The present lies between the two, Unix seconds: a certificate that was over before the one, or begins after the other, is
   * refused. 0 and infinity where nothing is known. The authorities' own dates don't count: what is pinned stays.
   */
  readonly earliestS: number;
  readonly latestS: number;
}

/**
 * What lies below the IO classes of ECMA-419 (src/app/io). Resources are numbered in the order of src/base/board-io.ts. Calls are
 * synchronous. The classes allow each resource one user, and call only what its kind has: an I2C bus has no value, a pin no bytes.
 */
export interface IoPort {
  /** The number of a resource, by a name such as `i2c sda scl`; -1 when the board has none of that name. */
  find(name: string): number;
  /** Bits of a value: the resolution of an analogue input or a PWM output, the width of a bank. */
  bits(resource: number): number;
  /**
   * Sets the frequency of a PWM output, the clock of an SPI or I2C bus or the baud rate of a serial line.
   * @param hz   0 leaves it to the board.
   * @param mode Clock polarity (bit 1) and phase (bit 0) of SPI.
   * @returns The frequency that it has from now on, Hz.
   */
  configure(resource: number, hz: number, mode: number): number;
  /** The value of a pin, a bank, an analogue input, a counter; the bytes that wait in a serial line. */
  get(resource: number): number;
  /** Sets a pin, a bank, a counter, or the duty cycle of a PWM output. */
  set(resource: number, value: number): void;
  /**
   * Reads from I2C, SPI or a serial line.
   * @param address Of 7 bits, on I2C.
   * @param stop    Whether I2C ends the transaction; otherwise the next one begins with a repeated start.
   * @returns The bytes, on a serial line as many as there are; undefined when nobody answers at this address.
   */
  read(resource: number, address: number, byteLength: number, stop: boolean): Uint8Array | undefined;
  /** Writes, all of it or, when that is refused, nothing. @returns False when nobody acknowledges, or a buffer is full. */
  write(resource: number, address: number, bytes: Uint8Array, stop: boolean): boolean;
  /** Writes and reads at the same time, on SPI. */
  transfer(resource: number, bytes: Uint8Array): Uint8Array;
  /** Asks for an `io` event whenever the value changes, or stops asking. */
  watch(resource: number, isWatched: boolean): void;
}

interface Udp {
  /**
   * Sends one datagram to an IPv4 address or a host name; `broadcast` as host means the joined network's broadcast address.
   * @param from The local port that it comes from, which must be listened on; any when absent.
   */
  send(host: string, port: number, bytes: Uint8Array, from?: number): void;
  /** @param group An IPv4 multicast group whose datagrams to this port are wanted too. */
  listen(port: number, group?: string): void;
}

/** One 802.11 data frame as a receiver in promiscuous mode sees it: header and length, never the body. */
type FrameReport = Frame;

export type PortEvent =
  | { readonly kind: "timer" }
  /** A promise was rejected and nobody waits for it. Boards whose engine does not tell give no such event. */
  | { readonly kind: "rejected"; readonly reason: unknown }
  | { readonly kind: "console-data"; readonly bytes: Uint8Array }
  | { readonly kind: "button"; readonly heldMs: number }
  /** The value of a watched resource has changed; several changes may be one event. */
  | { readonly kind: "io"; readonly resource: number; readonly value: number }
  | ({ readonly kind: "radio-frame" } & FrameReport)
  | { readonly kind: "radio-scan"; readonly accessPoints: readonly AccessPoint[] }
  | {
      readonly kind: "radio-joined";
      readonly ipv4: string;
      readonly mac: Uint8Array;
      readonly bssid: Uint8Array;
      /** Servers of the time that DHCP named (option 42), HOST or HOST:PORT; none when absent. */
      readonly timeServers?: readonly string[];
    }
  | { readonly kind: "radio-join-failed"; readonly reason: "no-network" | "refused" | "no-address" }
  | { readonly kind: "radio-left" }
  /** The unit's own access point is open, with the unit at this address; or closed, when it is empty. */
  | { readonly kind: "radio-access-point"; readonly ipv4: string }
  | {
      readonly kind: "tcp-accepted";
      readonly connection: number;
      readonly port: number;
      readonly peer: string;
      /** Whether the peer's address is on the unit's own subnet. */
      readonly isOnSubnet: boolean;
    }
  | { readonly kind: "tcp-connected"; readonly connection: number }
  | { readonly kind: "tcp-data"; readonly connection: number; readonly bytes: Uint8Array }
  | { readonly kind: "tcp-drained"; readonly connection: number }
  /** `fault` is a number of base/faults.ts, where the board knows why: LINK_TLS_... of a secured connection. */
  | { readonly kind: "tcp-closed"; readonly connection: number; readonly fault?: number }
  | {
      readonly kind: "udp-data";
      readonly port: number;
      readonly peer: string;
      readonly peerPort: number;
      readonly bytes: Uint8Array;
    };
