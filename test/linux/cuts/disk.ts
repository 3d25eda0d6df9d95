/**
 * A disk with a cache that loses its content with the power: a server of the network block device protocol, for QEMU. What the guest has
 * flushed is safe. Of the rest, each write is kept, lost, or kept in part by a seeded chance, sector by sector, whatever
 * came before or after it: so writes seem to have been done in another order, and are torn.
 * @source NBD protocol, doc/proto.md: fixed newstyle negotiation, simple replies
 */
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { createRandomSource } from "#boards/sim/host/air/random-source.ts";

const SECTOR_BYTES = 512;
const INIT_MAGIC = Buffer.from("NBDMAGIC");
const OPTION_MAGIC = Buffer.from("IHAVEOPT");
const OPTION_REPLY_MAGIC = 0x0003e889045565a9n;
const REQUEST_MAGIC = 0x25609513;
const REPLY_MAGIC = 0x67446698;
const HANDSHAKE_FLAGS = 0b11; // fixed newstyle, no zeroes
const DISK_FLAGS = 0b101; // has flags, flushes
const OPTION = { exportName: 1, abort: 2, info: 6, go: 7 } as const;
const REPLY = { ack: 1, info: 3, unsupported: 0x80000001 } as const;
const COMMAND = { read: 0, write: 1, disconnect: 2, flush: 3, trim: 4 } as const;
const EINVAL = 22;

interface Disk {
  /** The name that QEMU calls it by. */
  readonly drive: string;
  /** Writes that have come since the last flush, and all of them. */
  counts(): { readonly waiting: number; readonly writes: number; readonly flushes: number };
  /** Takes the power: decides over what was not flushed, and writes the image. */
  pull(): void;
}

interface Write {
  readonly offset: number;
  readonly bytes: Buffer;
}

/** @param path The image, which stays as it is until `pull`. @param socketPath Where QEMU connects. */
export async function serveDisk(path: string, socketPath: string, seed: number): Promise<Disk> {
  /** What is on the disk for good, and what the guest sees. */
  const safe = readFileSync(path);
  const seen = Buffer.from(safe);
  let waiting: Write[] = [];
  let writes = 0;
  let flushes = 0;

  function obey(type: number, offset: number, bytes: Buffer, byteLength: number): Buffer | undefined {
    if (offset + byteLength > seen.length) return undefined;
    if (type === COMMAND.read) return Buffer.from(seen.subarray(offset, offset + byteLength));
    if (type === COMMAND.write) {
      writes++;
      bytes.copy(seen, offset);
      waiting.push({ offset, bytes: Buffer.from(bytes) });
    }
    if (type === COMMAND.flush) {
      flushes++;
      for (const write of waiting) write.bytes.copy(safe, write.offset);
      waiting = [];
    }
    return Buffer.alloc(0);
  }

  const server: Server = createServer((socket) => serve(socket, seen.length, obey));
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  return {
    drive: `nbd:unix:${socketPath}`,
    counts: () => ({ waiting: waiting.length, writes, flushes }),
    pull() {
      server.close();
      const random = createRandomSource(seed);
      for (const { offset, bytes } of waiting) {
        const fate = random.next();
        if (fate < 0.35) continue;
        for (let at = 0; at < bytes.length; at += SECTOR_BYTES)
          if (fate < 0.7 || random.next() < 0.5) bytes.copy(safe, offset + at, at, at + SECTOR_BYTES);
      }
      writeFileSync(path, safe);
    },
  };
}

type Obey = (type: number, offset: number, bytes: Buffer, byteLength: number) => Buffer | undefined;

/** Speaks with one client: the negotiation, then its requests. */
function serve(socket: Socket, diskBytes: number, obey: Obey): void {
  let had = Buffer.alloc(0);
  let phase: "flags" | "options" | "requests" = "flags";
  socket.on("error", () => socket.destroy());
  const greeting = Buffer.alloc(2);
  greeting.writeUInt16BE(HANDSHAKE_FLAGS);
  socket.write(Buffer.concat([INIT_MAGIC, OPTION_MAGIC, greeting]));
  const size = Buffer.alloc(10);
  size.writeBigUInt64BE(BigInt(diskBytes));
  size.writeUInt16BE(DISK_FLAGS, 8);

  function answerOption(option: number, type: number, data: Buffer = Buffer.alloc(0)): void {
    const head = Buffer.alloc(20);
    head.writeBigUInt64BE(OPTION_REPLY_MAGIC);
    head.writeUInt32BE(option, 8);
    head.writeUInt32BE(type, 12);
    head.writeUInt32BE(data.length, 16);
    socket.write(Buffer.concat([head, data]));
  }
  /** @returns Bytes that it took; 0 while more has to come. */
  function take(bytes: Buffer): number {
    if (phase === "flags") {
      if (bytes.length < 4) return 0;
      phase = "options";
      return 4;
    }
    if (phase === "options") {
      if (bytes.length < 16) return 0;
      const option = bytes.readUInt32BE(8);
      const length = 16 + bytes.readUInt32BE(12);
      if (bytes.length < length) return 0;
      if (option === OPTION.exportName) {
        socket.write(size);
        phase = "requests";
      } else if (option === OPTION.go || option === OPTION.info) {
        answerOption(option, REPLY.info, Buffer.concat([Buffer.alloc(2), size]));
        answerOption(option, REPLY.ack);
        if (option === OPTION.go) phase = "requests";
      } else if (option === OPTION.abort) socket.end();
      else answerOption(option, REPLY.unsupported);
      return length;
    }
    if (bytes.length < 28) return 0;
    const type = bytes.readUInt16BE(6);
    const byteLength = bytes.readUInt32BE(24);
    const length = 28 + (type === COMMAND.write ? byteLength : 0);
    if (bytes.length < length) return 0;
    if (bytes.readUInt32BE(0) !== REQUEST_MAGIC || type === COMMAND.disconnect) {
      socket.end();
      return bytes.length;
    }
    const data = obey(type, Number(bytes.readBigUInt64BE(16)), bytes.subarray(28, length), byteLength);
    const head = Buffer.alloc(16);
    head.writeUInt32BE(REPLY_MAGIC);
    head.writeUInt32BE(data === undefined ? EINVAL : 0, 4);
    bytes.copy(head, 8, 8, 16);
    socket.write(data === undefined ? head : Buffer.concat([head, data]));
    return length;
  }
  socket.on("data", (bytes: Buffer) => {
    had = Buffer.concat([had, bytes]);
    for (let taken = take(had); taken > 0 && !socket.writableEnded; taken = take(had)) had = had.subarray(taken);
  });
}
