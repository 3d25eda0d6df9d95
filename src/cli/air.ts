import { createInterface } from "node:readline";
import { Argument, type Command } from "commander";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
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
}
