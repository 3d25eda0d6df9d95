/** `latchkey air`: encodes, decodes and soak-tests onboarding broadcasts. */
import { createInterface } from "node:readline";
import { Argument, type Command, Option } from "commander";
import { fromHex } from "#base/bytes.ts";
import { wordOrFile } from "#cli/values/secret.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { TRIAL_PROTOCOLS, type TrialProtocol } from "../../../test/bench/air-message.ts";
import { soakAir } from "../../../test/bench/air-soak.ts";
import { FramesError, foundAsJson, overhear, readFrames } from "./frames.ts";
import { ENCODED_PROTOCOLS, type EncodedProtocol, encodeVector } from "./vectors.ts";

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
    .description(
      "listen to overheard frames, one JSON object a line; print what they say, {} when it is nothing, or the fault of a sender of Air version 1",
    )
    .requiredOption("--frames <file>", "lines of us, bssid, sa, da, seq, bodyBytes, retry, ds, channel")
    .option(
      "--key <file|hex>",
      "file with 16 bytes in hexadecimal, the app's AES key, or 32 bytes, a card's air key; or the digits",
    )
    .action((options: { frames: string; key?: string }) => {
      const key = options.key === undefined ? undefined : fromHex(wordOrFile(options.key));
      try {
        if (options.key !== undefined && key?.length !== 16 && key?.length !== 32) {
          throw new FramesError("--key: 32 or 64 hexadecimal digits");
        }
        const { found, fault } = overhear(readFrames(options.frames), key, nodePrimitives);
        process.stdout.write(`${JSON.stringify(fault === undefined ? foundAsJson(found) : { fault })}\n`);
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        if (!(error instanceof FramesError) && code === undefined) throw error;
        process.stderr.write(`latchkey air decode: ${code === "ENOENT" ? `no file ${options.frames}` : message}\n`);
        process.exitCode = 1;
      }
    });
  command
    .command("soak")
    .description("look for wrong credentials in very many simulated onboardings; exit 1 when there are any")
    .addOption(new Option("--protocol <names...>", "which").choices(TRIAL_PROTOCOLS).default([...TRIAL_PROTOCOLS]))
    .addOption(new Option("--runs <number>", "in all").default(100_000))
    .addOption(new Option("--loss <share>", "of the frames").default(0.4))
    .option("--burst <frames>", "lose them in bursts of so many on average")
    .addOption(new Option("--seed <number>", "first of the seeds").default(1))
    .action(
      async (options: { protocol: TrialProtocol[]; runs: number; loss: number; burst?: number; seed: number }) => {
        const { loss, seed } = options;
        const runs = Math.ceil(options.runs / options.protocol.length);
        const burst = options.burst === undefined ? {} : { burstFrames: options.burst };
        for (const protocol of options.protocol) {
          const result = await soakAir({ protocol, runs, loss, seed, ...burst });
          process.stdout.write(`${JSON.stringify(result)}\n`);
          if (result.wrong > 0) process.exitCode = 1;
        }
      },
    );
}
