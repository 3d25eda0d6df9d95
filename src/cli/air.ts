import { createInterface } from "node:readline";
import { Argument, type Command } from "commander";
import { fromHex } from "#base/bytes.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { decodeFrames, FramesError, foundAsJson, readFrames } from "./air-frames.ts";
import { ENCODED_PROTOCOLS, type EncodedProtocol, encodeVector } from "./air-vectors.ts";

export function register(command: Command): void {
  command
    .command("encode")
    .description("encode vectors from standard input, one JSON object a line; print the expected object of each")
    .addArgument(new Argument("<protocol>", "what to encode").choices(ENCODED_PROTOCOLS))
    .action(async (protocol: EncodedProtocol) => {
      for await (const line of createInterface({ input: process.stdin })) {
        if (line.trim() === "") continue;
        process.stdout.write(`${JSON.stringify(encodeVector(protocol, line, nodePrimitives))}\n`);
      }
    });
  command
    .command("decode")
    .description("listen to overheard frames, one JSON object a line; print what they say, or {}")
    .requiredOption("--frames <file>", "lines of us, bssid, sa, da, seq, bodyBytes, retry, ds, channel")
    .option("--key <hex>", "16 bytes: the app's AES key; 32 bytes: a card's air key")
    .action((options: { frames: string; key?: string }) => {
      const key = options.key === undefined ? undefined : fromHex(options.key);
      try {
        if (options.key !== undefined && key?.length !== 16 && key?.length !== 32) {
          throw new FramesError("--key: 32 or 64 hexadecimal digits");
        }
        const found = decodeFrames(readFrames(options.frames), key, nodePrimitives);
        process.stdout.write(`${JSON.stringify(foundAsJson(found))}\n`);
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        if (!(error instanceof FramesError) && code === undefined) throw error;
        process.stderr.write(`latchkey air decode: ${code === "ENOENT" ? `no file ${options.frames}` : message}\n`);
        process.exitCode = 1;
      }
    });
}
