/** The disk of the pulled machines: what was flushed stays; of the rest, some is lost and some is torn. */
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { serveDisk } from "./disk.ts";

const BLOCK_BYTES = 4096;
const BLOCKS = 64;

/** A client of the protocol, as far as this needs one. */
async function openClient(path: string) {
  const socket: Socket = connect(path);
  let had = Buffer.alloc(0);
  let heard = () => {};
  socket.on("data", (bytes) => {
    had = Buffer.concat([had, bytes as Buffer]);
    heard();
  });
  const read = async (byteLength: number) => {
    while (had.length < byteLength)
      await new Promise<void>((resolve) => {
        heard = resolve;
      });
    const bytes = had.subarray(0, byteLength);
    had = had.subarray(byteLength);
    return bytes;
  };
  expect((await read(18)).subarray(0, 16).toString()).toBe("NBDMAGICIHAVEOPT");
  const option = Buffer.alloc(16);
  option.write("IHAVEOPT");
  option.writeUInt32BE(1, 8);
  socket.write(Buffer.concat([Buffer.from([0, 0, 0, 3]), option]));
  expect((await read(10)).readBigUInt64BE()).toBe(BigInt(BLOCK_BYTES * BLOCKS));
  return {
    async ask(type: number, offset: number, bytes: Buffer, answerBytes = 0) {
      const head = Buffer.alloc(28);
      head.writeUInt32BE(0x25609513);
      head.writeUInt16BE(type, 6);
      head.writeBigUInt64BE(BigInt(offset), 16);
      head.writeUInt32BE(bytes.length || answerBytes, 24);
      socket.write(Buffer.concat([head, bytes]));
      expect((await read(16)).readUInt32BE(4)).toBe(0);
      return read(answerBytes);
    },
    end: () => socket.destroy(),
  };
}

test("what was flushed stays, and of what was not some is kept, some is lost and some is torn", async () => {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-disk-test-"));
  const [image, path] = [join(folder, "image"), join(folder, "socket")];
  writeFileSync(image, Buffer.alloc(BLOCK_BYTES * BLOCKS));
  const disk = await serveDisk(image, path, 1);
  const client = await openClient(path);
  const blockOf = (value: number) => Buffer.alloc(BLOCK_BYTES, value);
  await client.ask(1, 0, blockOf(1));
  await client.ask(3, 0, Buffer.alloc(0));
  for (let i = 1; i < BLOCKS; i++) await client.ask(1, i * BLOCK_BYTES, blockOf(2));
  // The guest reads what it wrote, flushed or not.
  expect((await client.ask(0, BLOCK_BYTES, Buffer.alloc(0), 16)).equals(Buffer.alloc(16, 2))).toBe(true);
  expect(disk.counts()).toEqual({ waiting: BLOCKS - 1, writes: BLOCKS, flushes: 1 });
  client.end();
  disk.pull();
  const left = readFileSync(image);
  const kinds = Array.from({ length: BLOCKS }, (_, i) => {
    const values = new Set(left.subarray(i * BLOCK_BYTES, (i + 1) * BLOCK_BYTES));
    return values.size > 1 ? "torn" : values.has(0) ? "lost" : "kept";
  });
  expect(left.subarray(0, BLOCK_BYTES).equals(blockOf(1))).toBe(true);
  expect(new Set(kinds.slice(1))).toEqual(new Set(["torn", "lost", "kept"]));
});
