/** `latchkey release`: builds, signs, inspects, publishes and withdraws releases. */
import { type Command, Option } from "commander";
import { toHex } from "#base/bytes.ts";
import { keyName } from "#cloud/releases/key-set-files.ts";
import { buildRelease, signReleaseFile } from "#cloud/releases/release-build.ts";
import { readBundleMark } from "#factory/bundle/bundle-mark.ts";
import { isMissing, readBytes } from "#trust/host/files.ts";
import { readKeyFile } from "#trust/host/key-file.ts";
import {
  componentName,
  encodeReleaseFile,
  ReleaseTrouble,
  readReleaseFile,
  writeReleaseFile,
} from "#trust/host/release-file.ts";
import { COMPONENT, CONSENT, type ComponentName, type Consent } from "#wire/releases/release.ts";
import { type CloudPlace, clientOf, withCloudPlace } from "./cloud-place.ts";
import { registerDrafts } from "./drafts.ts";
import { makeRelease } from "./make-release.ts";
import { sayTrouble } from "./say-trouble.ts";

interface BuildOptions {
  product: string;
  sequence: number;
  hardware: number[];
  native?: string;
  js?: string;
  config?: string;
  base: string[];
  consent: Consent;
  epoch: number;
  expires?: number;
  out: string;
}

function image(path: string): Uint8Array {
  try {
    return readBytes(path);
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw new ReleaseTrouble(`there is no image at ${path}; build it first`);
  }
}

/** A bundle as `bundle build` writes it, for the release that it says it is. */
function bundle(path: string, sequence: number): Uint8Array {
  const bytes = image(path);
  const mark = readBundleMark(bytes);
  if (mark === undefined) {
    throw new ReleaseTrouble(
      `${path} is no bundle (expected what bundle build writes; sources are built first): latchkey bundle build --release ${sequence} --out FILE`,
    );
  }
  if (mark.release !== String(sequence)) {
    throw new ReleaseTrouble(
      `${path} says that it is release ${mark.release}, and the release is ${sequence}; build it again: latchkey bundle build --release ${sequence}`,
    );
  }
  return bytes;
}

function build(options: BuildOptions): void {
  const images = new Map<number, Uint8Array>();
  for (const name of Object.keys(COMPONENT) as ComponentName[]) {
    const path = options[name];
    if (path !== undefined) images.set(COMPONENT[name], name === "js" ? bundle(path, options.sequence) : image(path));
  }
  const notAfterS = options.expires;
  const { product, sequence, hardware, epoch } = options;
  const bases = options.base.map(readReleaseFile);
  const plan = { product, sequence, hardware, consent: options.consent, epoch, notAfterS, images, bases };
  const file = buildRelease(plan);
  writeReleaseFile(options.out, file);
  process.stdout.write(`${options.out}: release ${sequence} of ${product}, not signed yet\n`);
}

function inspect(path: string, asJson: boolean): void {
  const { release, signed, streams } = readReleaseFile(path);
  const view = {
    ...release,
    notAfterS: release.notAfterS ?? null,
    signed: signed !== undefined,
    signedBytes: signed?.length ?? null,
    streamBytes: streams.reduce((sum, stream) => sum + stream.length, 0),
    components: release.components.map(({ kind, imageBytes, imageRoot, transfers }) => ({
      component: componentName(kind),
      imageBytes,
      imageRoot: toHex(imageRoot),
      transfers: transfers.map(({ streamBytes, root, base }) => ({
        name: toHex(root),
        streamBytes,
        base: base === undefined ? null : toHex(base),
      })),
    })),
  };
  if (asJson) return void process.stdout.write(`${JSON.stringify(view)}\n`);
  const lines = [
    `release ${view.sequence} of ${view.product}, hardware ${view.hardware.join(", ")}, consent ${view.consent}, security epoch ${view.epoch}`,
    `  ${signed === undefined ? "not signed" : `signed: ${signed.length} bytes`}${view.notAfterS === null ? "" : `, expires ${new Date(view.notAfterS * 1_000).toISOString().slice(0, 10)}`}`,
  ];
  for (const { component, imageBytes, imageRoot, transfers } of view.components) {
    lines.push(`  ${component}: ${imageBytes} bytes, root ${imageRoot.slice(0, 16)}…`);
    for (const { name, streamBytes, base } of transfers) {
      lines.push(
        `    ${base === null ? "whole" : `delta over ${base.slice(0, 16)}…`}: ${streamBytes} bytes as ${name}`,
      );
    }
  }
  process.stdout.write(`${lines.join("\n")}\n`);
}

export function register(command: Command): void {
  command
    .command("make")
    .description(
      "check and build the app of flash.config.json, and sign it as a release: OUTPUT/releases/PRODUCT-NUMBER.release",
    )
    .argument("<sequence>", "the release's number; units only go up")
    .option("--config <file>", "which app, board and keys", "flash.config.json")
    .option("--board <name>", "a folder of boards/, when not the configuration's")
    .option("--base <release...>", "earlier release files that units may still run", [])
    .action((sequence: number, options: { config: string; board?: string; base: string[] }) =>
      sayTrouble(() => makeRelease(sequence, options)),
    );
  command
    .command("build")
    .description("encode images into a release, whole and as deltas over earlier ones")
    .requiredOption("--product <name>", "the product that it is for")
    .requiredOption("--sequence <number>", "its number; units only go up")
    .option("--hardware <revision>", "hardware revision that it is for; repeat for more (default: 1)")
    .option("--native <file>", "native image")
    .option("--js <file>", "JavaScript bundle")
    .option("--config <file>", "configuration image")
    .option("--base <release...>", "earlier release files that units may still run", [])
    .addOption(
      new Option("--consent <policy>", "auto, defer (the owner may defer it) or agree (waits for the owner's consent)")
        .choices(Object.keys(CONSENT))
        .default("auto"),
    )
    .addOption(new Option("--epoch <number>", "security epoch; once confirmed, none below it is installed").default(0))
    .option("--expires <date>", "no unit begins the update after this day; units that run it go on")
    .requiredOption("--out <file>", "where the release goes")
    .action((options: Omit<BuildOptions, "hardware"> & { hardware?: number[] }) =>
      sayTrouble(() => build({ ...options, hardware: options.hardware ?? [1] })),
    );
  command
    .command("sign")
    .description("sign a release by a release key")
    .argument("<release>", "release file; it is rewritten in place")
    .requiredOption("--key <file>", "release key")
    .action((path: string, options: { key: string }) =>
      sayTrouble(() => {
        const key = readKeyFile(options.key, "release");
        const file = signReleaseFile(readReleaseFile(path), key.seed);
        writeReleaseFile(path, file);
        process.stdout.write(`${path}: signed by ${keyName(key.publicKey)}, ${file.signed?.length} bytes\n`);
      }),
    );
  command
    .command("inspect")
    .description("show what a release file holds")
    .argument("<release>", "release file")
    .option("--json", "print one JSON object", false)
    .action((path: string, options: { json: boolean }) => sayTrouble(() => inspect(path, options.json)));
  withCloudPlace(command.command("publish"))
    .description("publish a signed release to the cloud; a rollout then delivers it to units")
    .argument("<release>", "release file")
    .action((path: string, options: CloudPlace) =>
      sayTrouble(async () => {
        const bytes = encodeReleaseFile(readReleaseFile(path));
        const done = await clientOf(options).post<{ product: string; sequence: number; wasKnown: boolean }>(
          "/v1/releases",
          bytes,
        );
        process.stdout.write(
          `release ${done.sequence} of ${done.product} ${done.wasKnown ? "was published before" : "is published"}\n`,
        );
      }),
    );
  registerDrafts(command);
  withCloudPlace(command.command("withdraw"))
    .description("withdraw a release for good; no unit gets another block of it")
    .argument("<product>")
    .argument("<sequence>", "")
    .option("--because <text>", "why, for the journal")
    .action((product: string, sequence: number, options: CloudPlace & { because?: string }) =>
      sayTrouble(async () => {
        const path = `/v1/releases/${encodeURIComponent(product)}/${sequence}/withdraw`;
        await clientOf(options).post(path, options.because === undefined ? {} : { because: options.because });
        process.stdout.write(`release ${sequence} of ${product} is withdrawn\n`);
      }),
    );
}
