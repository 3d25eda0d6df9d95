/** `latchkey release draft` and its kin: a build server uploads a signed release, and a person publishes it. */
import { type Command, Option } from "commander";
import { encodeReleaseFile, readReleaseFile } from "#trust/host/release-file.ts";
import { type CloudPlace, clientOf, withCloudPlace } from "./cloud-place.ts";
import { sayTrouble } from "./say-trouble.ts";
import { secretFrom } from "./values/secret.ts";
import { ValueError } from "./values/value-error.ts";

interface DraftOptions extends CloudPlace {
  readonly issuer?: string;
  readonly client?: string;
  readonly clientSecretFile?: string;
  readonly json?: boolean;
}

const SECRET = {
  fileOption: "--client-secret-file",
  variable: "LATCHKEY_CLIENT_SECRET",
  what: "client's secret",
};

async function cloudOf({ issuer, client, clientSecretFile, ...place }: DraftOptions) {
  const secret = await secretFrom(SECRET, undefined, clientSecretFile);
  if ((issuer === undefined) !== (client === undefined) || (client === undefined) !== (secret === undefined)) {
    throw new ValueError("a program gives all of --issuer, --client and --client-secret-file");
  }
  const isProgram = issuer !== undefined && client !== undefined && secret !== undefined;
  return clientOf(place, isProgram ? { issuer, client, secret } : undefined);
}

function print(json: boolean | undefined, value: unknown, text: string): void {
  process.stdout.write(json === true ? `${JSON.stringify(value)}\n` : `${text}\n`);
}

const atCloud = (verb: Command): Command => withCloudPlace(verb).option("--json", "print JSON");

interface Done {
  readonly product: string;
  readonly sequence: number;
  readonly wasKnown: boolean;
}
const pathOf = (product: string, sequence: number) => `/v1/release-drafts/${encodeURIComponent(product)}/${sequence}`;

async function upload(path: string, options: DraftOptions): Promise<void> {
  const bytes = encodeReleaseFile(readReleaseFile(path));
  const done = await (await cloudOf(options)).post<Done>("/v1/release-drafts", bytes);
  const { product, sequence, wasKnown } = done;
  const how = wasKnown ? "was there before" : "is a draft";
  print(
    options.json,
    done,
    `release ${sequence} of ${product} ${how}; a person publishes it: latchkey release publish-draft ${product} ${sequence}`,
  );
}

async function list(options: DraftOptions): Promise<void> {
  const drafts = await (await cloudOf(options)).get<(Done & { uploadedMs: number })[]>("/v1/release-drafts");
  const lines = drafts.map(
    (each) => `${each.product} ${each.sequence}, uploaded ${new Date(each.uploadedMs).toISOString()}`,
  );
  print(options.json, drafts, lines.join("\n") || "there are no drafts");
}

async function publish(product: string, sequence: number, options: DraftOptions): Promise<void> {
  const done = await (await cloudOf(options)).post<Done>(`${pathOf(product, sequence)}/publish`, {});
  print(options.json, done, `release ${done.sequence} of ${done.product} is published`);
}

async function discard(product: string, sequence: number, options: DraftOptions): Promise<void> {
  const done = await (await cloudOf(options)).post(`${pathOf(product, sequence)}/discard`, {});
  print(options.json, done, `draft ${sequence} of ${product} is discarded`);
}

export function registerDrafts(command: Command): void {
  atCloud(command.command("draft"))
    .description("upload a signed release as a draft, as a build server does; a person publishes it")
    .argument("<release>", "release file")
    .option("--issuer <url>", "the gateway where the build server is registered")
    .option("--client <id>", "its client ID there, of: latchkey gateway client")
    .addOption(new Option("--client-secret-file <file>", "its secret; or LATCHKEY_CLIENT_SECRET has it"))
    .action((path: string, options: DraftOptions) => sayTrouble(() => upload(path, options)));
  atCloud(command.command("drafts"))
    .description("show the drafts that wait to be published")
    .action((options: DraftOptions) => sayTrouble(() => list(options)));
  atCloud(command.command("publish-draft"))
    .description("publish a draft; with staff accounts that needs a second factor of the last five minutes")
    .argument("<product>")
    .argument("<sequence>")
    .action((product: string, sequence: number, options: DraftOptions) =>
      sayTrouble(() => publish(product, sequence, options)),
    );
  atCloud(command.command("discard-draft"))
    .description("discard a draft")
    .argument("<product>")
    .argument("<sequence>")
    .action((product: string, sequence: number, options: DraftOptions) =>
      sayTrouble(() => discard(product, sequence, options)),
    );
}
