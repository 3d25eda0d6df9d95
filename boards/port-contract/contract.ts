/**
 * The contract of a board, as a program that runs on the board itself. It prints one line for each requirement of
 * src/device/port.ts on the console, `contract NAME ok` or `contract NAME FAILED why`, and `contract end` at last.
 */
import { equal, fromHex, toHex } from "#base/bytes.ts";
import { utf8 } from "#base/utf8.ts";
import type { Port, PortEvent } from "#device/port.ts";
import { CRYPTO_ANSWERS } from "./crypto-answers.ts";
import { OUTER_VALUES } from "./outer-values.ts";

const bytes = (hex: string) => fromHex(hex) as Uint8Array;

/** Runs the contract. @param scratch A sector's address that nothing else uses. */
export function runContract(port: Port, scratch: number): void {
  const say = (text: string) => port.console.write(utf8(`contract ${text}\n`));
  function promise(name: string, holds: () => boolean | string): void {
    let verdict: boolean | string;
    try {
      verdict = holds();
    } catch (error) {
      verdict = `threw ${String(error)}`;
    }
    say(verdict === true ? `${name} ok` : `${name} FAILED ${verdict === false ? "" : verdict}`);
  }

  promise("clock is monotonic", () => {
    let last = port.clock.milliseconds();
    for (let i = 0; i < 200; i++) {
      const now = port.clock.milliseconds();
      if (now < last) return `went back from ${last} to ${now}`;
      last = now;
    }
    return true;
  });
  flashPromises(port, scratch, promise);
  for (const [name, got, want] of CRYPTO_ANSWERS) {
    promise(`crypto ${name}`, () => {
      const answer = got(port.crypto, bytes);
      const text = answer instanceof Uint8Array ? toHex(answer) : String(answer);
      return text === want ? true : `gave ${text}`;
    });
  }
  promise("random differs", () => {
    const [a, b] = [port.crypto.random(32), port.crypto.random(32)];
    return a.length === 32 && !equal(a, b) && !equal(a, new Uint8Array(32));
  });
  promise("pins remember", () => {
    port.pins.write("lamp", 1);
    const on = port.pins.read("lamp");
    port.pins.write("lamp", 0);
    return on === 1 && port.pins.read("lamp") === 0;
  });
  promise("io finds hardware by its name, and a pin is the same by both ways", () => {
    const { io, pins } = port;
    if (io === undefined) return "there is no io";
    const lamp = io.find("digital lamp 8");
    if (lamp < 0 || io.find("digital lamp 7") !== -1 || io.find("digital lamp") !== -1) return `found ${lamp}`;
    io.set(lamp, 1);
    const on = pins.read("lamp");
    pins.write("lamp", 0);
    return on === 1 && io.get(lamp) === 0;
  });
  promise("tcp has no connection 99", () => port.tcp.write(99, Uint8Array.of(1)) === false);
  for (const [name, use] of OUTER_VALUES) {
    promise(`nothing is thrown by ${name}`, () => {
      use(port);
      return true;
    });
  }
  promise("heap is counted", () => port.system.heapBytes() > 1000);
  eventPromises(port, promise, () => say("end"));
}

function flashPromises(
  port: Port,
  scratch: number,
  promise: (name: string, holds: () => boolean | string) => void,
): void {
  const { flash } = port;
  const word = (byte: number) => new Uint8Array(Math.max(8, flash.writeBytes)).fill(byte);
  promise("flash erases to ff", () => {
    const erased = flash.eraseSector(scratch);
    return erased && flash.read(scratch, flash.sectorBytes).every((byte) => byte === 0xff);
  });
  promise("flash holds what is written", () => {
    const pattern = word(0).map((_, i) => 3 * i + 1);
    return flash.write(scratch, pattern) && equal(flash.read(scratch, pattern.length), pattern);
  });
  promise("flash tells a write that it can't hold", () => {
    const at = scratch + 256;
    return flash.write(at, word(0x0f)) && !flash.write(at, word(0xf0));
  });
  promise("flash leaves neighbours alone", () => flash.read(scratch + 512, 64).every((byte) => byte === 0xff));
  promise(
    "flash refuses what lies outside",
    () => !flash.write(flash.byteLength, word(0)) && !flash.eraseSector(flash.byteLength),
  );
  promise("flash refuses a crooked erase", () => !flash.eraseSector(scratch + 1));
}

/** Events come one at a time, never from inside a call, and a later wakeAt replaces an earlier one. */
function eventPromises(
  port: Port,
  promise: (name: string, holds: () => boolean | string) => void,
  end: () => void,
): void {
  let isInside = true;
  let timers = 0;
  const askedAt = port.clock.milliseconds();
  // No authority at all: there is nobody whom this connection could believe. The rest is test/tls/link-cases.ts.
  const certificate = new Uint8Array(0);
  const secure = { serverName: "contract.test", certificate, earliestS: 0, latestS: Number.POSITIVE_INFINITY };
  const secured = port.tcp.connect("127.0.0.1", 9, secure);
  let fate: string = secured < 0 ? "none was to be had" : "";
  const conclude = () => {
    promise("tcp believes nobody where no authority is named", () => fate !== "tcp-connected" && fate !== "");
    end();
  };
  port.onEvent((event: PortEvent) => {
    if ((event.kind === "tcp-connected" || event.kind === "tcp-closed") && event.connection === secured) {
      fate = event.kind;
      if (timers > 0) conclude();
    }
    if (event.kind !== "timer") return;
    timers++;
    if (timers > 1) return conclude();
    const lateMs = port.clock.milliseconds() - askedAt;
    const wasInside = isInside;
    promise("events come after the call that asked", () => !wasInside);
    promise("the timer is not early", () => (lateMs >= 30 ? true : `${lateMs} ms after wakeAt(+30)`));
    promise("a later wakeAt replaces an earlier one", () => timers === 1);
    // A slow board's timer may be told before its network is. What the network tells ends the wait.
    if (fate === "") port.clock.wakeAt(port.clock.milliseconds() + 60_000);
    else conclude();
  });
  port.clock.wakeAt(askedAt + 1);
  port.clock.wakeAt(askedAt + 30);
  isInside = false;
}
