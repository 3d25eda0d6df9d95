/**
 * QEMU's debugger line (the GDB remote serial protocol), as much of it as watching a unit's flash wants: breakpoints,
 * registers, memory. The image that runs is the one that ships; nothing in it knows that it is watched.
 */
import { createConnection, type Socket } from "node:net";
import { fromHex, toHex, viewOf } from "#base/bytes.ts";

/** The protocol's numbers of a core's registers, as its calling convention uses them. */
interface Registers {
  /** The first three words that a function is given. */
  readonly parameters: readonly [number, number, number];
  readonly result: number;
  readonly returnAddress: number;
  /** The last one that is read. */
  readonly pc: number;
}

export const ARM: Registers = { parameters: [0, 1, 2], result: 0, returnAddress: 14, pc: 15 };
export const RISC_V: Registers = { parameters: [10, 11, 12], result: 10, returnAddress: 1, pc: 32 };

interface Debugger {
  breakAt(address: number, isOn: boolean): Promise<void>;
  /** Lets the core run until it stops at a breakpoint. Rejects when the emulator ends. */
  run(): Promise<void>;
  /** Runs one instruction. */
  step(): Promise<void>;
  registers(): Promise<readonly number[]>;
  setRegister(number: number, value: number): Promise<void>;
  read(address: number, byteLength: number): Promise<Uint8Array>;
}

function packet(text: string): string {
  const sum = [...text].reduce((all, letter) => (all + letter.charCodeAt(0)) & 255, 0);
  return `$${text}#${sum.toString(16).padStart(2, "0")}`;
}

/** Bytes of a register as the protocol has them: little-endian, in hexadecimal digits. */
function wordHex(value: number): string {
  const bytes = new Uint8Array(4);
  viewOf(bytes).setUint32(0, value >>> 0, true);
  return toHex(bytes);
}

async function connect(path: string): Promise<Socket> {
  for (let tries = 0; ; tries++) {
    const socket = createConnection(path);
    const isOpen = await new Promise<boolean>((resolve) => {
      socket.once("connect", () => resolve(true));
      socket.once("error", () => resolve(false));
    });
    if (isOpen) return socket;
    if (tries > 200) throw new Error("QEMU opens no debugger line");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Opens the line at a socket file. The core stands still then, when it was started so. Registers are 32 bits wide. */
export async function openDebugger(path: string, { pc }: Registers): Promise<Debugger> {
  const socket = await connect(path);
  const waiting: { done(text: string): void; fail(error: Error): void }[] = [];
  let rest = "";
  socket.on("data", (chunk) => {
    rest += chunk.toString("latin1");
    for (let found = /\$([^#]*)#../.exec(rest); found !== null; found = /\$([^#]*)#../.exec(rest)) {
      rest = rest.slice(found.index + found[0].length);
      socket.write("+");
      waiting.shift()?.done(found[1] as string);
    }
  });
  const close = () => {
    for (const each of waiting.splice(0)) each.fail(new Error("the emulator has ended"));
  };
  socket.on("error", close);
  socket.on("close", close);
  const ask = (text: string) =>
    new Promise<string>((done, fail) => {
      if (socket.destroyed) return fail(new Error("the emulator has ended"));
      waiting.push({ done, fail });
      socket.write(packet(text));
    });
  await ask("?");
  // QEMU lets registers be written only by who has asked what registers there are.
  await ask("qXfer:features:read:target.xml:0,40");
  return {
    async breakAt(address, isOn) {
      const answer = await ask(`${isOn ? "Z" : "z"}1,${address.toString(16)},2`);
      if (answer !== "OK") throw new Error(`QEMU sets no breakpoint: ${answer}`);
    },
    run: async () => void (await ask("c")),
    step: async () => void (await ask("s")),
    async registers() {
      const view = viewOf(fromHex((await ask("g")).slice(0, (pc + 1) * 8)) ?? new Uint8Array(0));
      return Array.from({ length: pc + 1 }, (_, i) => view.getUint32(4 * i, true));
    },
    async setRegister(number, value) {
      const answer = await ask(`P${number.toString(16)}=${wordHex(value)}`);
      if (answer !== "OK") throw new Error(`QEMU sets no register: ${answer}`);
    },
    read: async (address, byteLength) =>
      fromHex(await ask(`m${address.toString(16)},${byteLength.toString(16)}`)) ?? new Uint8Array(0),
  };
}
