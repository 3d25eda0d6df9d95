/**
 * The serial loader in the ROM of an ESP32 chip, as a TCP server for tests: enough of it for a loader in RAM to be started, and for
 * flash to be erased, written, hashed and left. The maker's own tool and another make's loader are in esp32-mock.exhaustive.test.ts.
 * @source https://docs.espressif.com/projects/esptool/en/latest/esp32c6/advanced-topics/serial-protocol.html
 */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { inflateSync } from "node:zlib";

const COMMAND = {
  flashBegin: 0x02,
  flashEnd: 0x04,
  memoryEnd: 0x06,
  sync: 0x08,
  readRegister: 0x0a,
  deflateBegin: 0x10,
  deflateData: 0x11,
  md5: 0x13,
  securityInfo: 0x14,
  eraseFlash: 0xd0,
  readFlash: 0xd2,
} as const;

/** The chip's numbers of the registers that are read. @source ESP32-C6 and ESP32-C3 technical reference manuals */
const CHIPS = {
  esp32c6: { id: 13, mac: 0x600b0844, flashId: 0x60003058 },
  esp32c3: { id: 5, mac: 0x60008844, flashId: 0x60002058 },
} as const;

export interface RomOptions {
  readonly chip?: keyof typeof CHIPS;
  readonly flashBytes?: number;
  /** What it says in place of answers: a program that runs, or nothing. */
  readonly says?: string;
  /** Places of the flash that hold another byte than what is written to them. */
  readonly wornAt?: number;
  /** Ends the line in the middle of the first write. */
  readonly endsAtWrite?: boolean;
  /** The fuses allow secure download alone. */
  readonly isSecure?: boolean;
  /** What the flash starts: gets it, and has the line from then on. */
  readonly program?: (flash: Uint8Array) => Promise<Program>;
}

/** The console of a program. */
export interface Program {
  write(bytes: Uint8Array): void;
  onBytes(see: (bytes: Uint8Array) => void): void;
}

export interface RomLoader {
  readonly port: string;
  readonly flash: Uint8Array;
  /** How often the chip was started anew. */
  starts(): number;
  /** Ends the line, as a pulled cable does; what runs goes on. */
  unplug(): void;
  close(): Promise<void>;
}

const u32 = (...values: readonly number[]) => new Uint8Array(new Uint32Array(values).buffer);

function slip(bytes: Uint8Array): Uint8Array {
  const body = [...bytes].flatMap((byte) => (byte === 0xc0 ? [0xdb, 0xdc] : byte === 0xdb ? [0xdb, 0xdd] : [byte]));
  return Uint8Array.from([0xc0, ...body, 0xc0]);
}

/** Whole packets of a stream. */
function slipReader(see: (packet: Uint8Array) => void): (chunk: Uint8Array) => void {
  let body: number[] = [];
  let isEscaped = false;
  return (chunk) => {
    for (const byte of chunk) {
      if (byte === 0xc0) {
        if (body.length > 0) see(Uint8Array.from(body));
        body = [];
      } else if (isEscaped) {
        body.push(byte === 0xdc ? 0xc0 : 0xdb);
        isEscaped = false;
      } else if (byte === 0xdb) isEscaped = true;
      else body.push(byte);
    }
  };
}

export async function startRomLoader(options: RomOptions = {}): Promise<RomLoader> {
  const { chip = "esp32c6", flashBytes = 4 * 2 ** 20, says, wornAt, endsAtWrite = false, isSecure = false } = options;
  const numbers = CHIPS[chip];
  const registers = new Map([
    [numbers.mac, 0xca000001],
    [numbers.mac + 4, 0x404c],
    [numbers.flashId, 0x4020 | (Math.log2(flashBytes) << 16)],
  ]);
  const flash = new Uint8Array(flashBytes).fill(0xff);
  const sockets = new Set<Socket>();
  let starts = 0;
  let [isStub, isRunning] = [false, false];
  let program: Promise<Program> | undefined;
  let [unread, toAcknowledge] = [new Uint8Array(0), 0];
  let pending = { address: 0, bytes: 0, parts: [] as Uint8Array[] };

  function write(): void {
    const plain = inflateSync(Buffer.concat(pending.parts));
    flash.fill(0xff, pending.address, pending.address + Math.ceil(pending.bytes / 4_096) * 4_096);
    flash.set(plain, pending.address);
    if (wornAt !== undefined) flash[wornAt] = 0;
  }

  /** One block of what is read; the next one once this one is acknowledged, and at the end a digest of all. */
  function sendRead(socket: Socket): void {
    const block = unread.slice(toAcknowledge, toAcknowledge + 4_096);
    toAcknowledge += block.length;
    socket.write(slip(block));
  }

  function answer(socket: Socket, packet: Uint8Array): void {
    if (unread.length > 0) {
      if (toAcknowledge < unread.length) return sendRead(socket);
      socket.write(slip(createHash("md5").update(unread).digest()));
      unread = new Uint8Array(0);
      return;
    }
    const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
    const command = packet[1] as number;
    const word = (index: number) => view.getUint32(8 + 4 * index, true);
    const reply = (value = 0, data = new Uint8Array(0)) => {
      const head = [1, command, data.length + 2, 0, ...u32(value), ...data, 0, 0];
      socket.write(slip(Uint8Array.from(head)));
    };
    if (command === COMMAND.sync) for (let i = 0; i < 8; i++) reply(isStub ? 0 : 0x20120707);
    else if (command === COMMAND.readRegister) reply(registers.get(word(0)) ?? 0);
    else if (command === COMMAND.securityInfo) {
      reply(0, Uint8Array.from([...u32(isSecure ? 4 : 0), 0, 0, 0, 0, 0, 0, 0, 0, ...u32(numbers.id, 0)]));
    } else if (command === COMMAND.memoryEnd) {
      reply();
      isStub = true;
      socket.write(slip(Buffer.from("OHAI")));
    } else if (command === COMMAND.deflateBegin) {
      pending = { address: word(3), bytes: word(0), parts: [] };
      reply();
    } else if (command === COMMAND.deflateData) {
      if (endsAtWrite) return void socket.destroy();
      pending.parts.push(packet.slice(24));
      reply();
    } else if (command === COMMAND.md5) {
      // The last block of a write is in the flash once the loader is asked for something else.
      const digest = createHash("md5")
        .update(flash.subarray(word(0), word(0) + word(1)))
        .digest();
      reply(0, new Uint8Array(digest));
    } else if (command === COMMAND.eraseFlash) {
      flash.fill(0xff);
      reply();
    } else if (command === COMMAND.readFlash) {
      reply();
      [unread, toAcknowledge] = [flash.slice(word(0), word(0) + word(1)), 0];
      sendRead(socket);
    } else if (command === COMMAND.flashBegin) reply();
    else if (command === COMMAND.flashEnd) {
      reply();
      starts++;
      [isStub, isRunning] = [false, true];
      program = options.program?.(flash);
      void program?.then((running) => running.onBytes((bytes) => void socket.write(bytes)));
    } else {
      if (command === 0x12) write();
      reply();
    }
  }

  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    const read = slipReader((packet) => says === undefined && answer(socket, packet));
    socket.on("data", (chunk) => {
      if (isRunning) void program?.then((running) => running.write(chunk as Buffer));
      else read(chunk as Buffer);
    });
    if (says !== undefined) socket.write(says);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const unplug = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: `socket://127.0.0.1:${(server.address() as AddressInfo).port}`,
    flash,
    starts: () => starts,
    unplug,
    async close() {
      unplug();
      await new Promise((closed) => server.close(closed));
    },
  };
}
