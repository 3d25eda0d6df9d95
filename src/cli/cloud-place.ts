/** The options that say which cloud a verb speaks with, and its client. */
import type { Command } from "commander";
import { operatorClient } from "#cloud/http/operator-client.ts";
import type { Program } from "#trust/host/login-file.ts";

export interface CloudPlace {
  readonly data: string;
  readonly url?: string;
  readonly operatorKey?: string;
  readonly ca?: string;
}

export const withCloudPlace = (verb: Command): Command =>
  verb
    .option("--data <folder>", "data folder of the cloud on this machine", "out/cloud")
    .option("--url <url>", "a cloud elsewhere")
    .option("--operator-key <file>", "its operator key (default: the one in the folder)")
    .option("--ca <file>", "PEM of the authority behind its TLS (default: the system's own)");

/** @param program A program that acts in its own name, in place of the key or a login. */
export const clientOf = ({ data, url, operatorKey, ca }: CloudPlace, program?: Program) =>
  operatorClient({
    data,
    ...(url === undefined ? {} : { url }),
    ...(operatorKey === undefined ? {} : { keyFile: operatorKey }),
    ...(ca === undefined ? {} : { caFile: ca }),
    ...(program === undefined ? {} : { program }),
  });
