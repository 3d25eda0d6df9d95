/** `latchkey new`: starts a maker's own repository. What no flag says is asked for at a terminal. */
import { createInterface } from "node:readline/promises";
import { type Command, Option } from "commander";
import { sayTrouble } from "#cli/say-trouble.ts";
import { ValueError } from "#cli/values/value-error.ts";
import { boardNames, productOf, writeNewDevice } from "./new-device.ts";

interface Options {
  readonly product?: string;
  readonly maker?: string;
  readonly board?: string;
  /** False for --no-cloud. */
  readonly cloud?: string | false;
}

type Ask = (question: string, standard: string) => Promise<string>;

/** Asks at the terminal; an empty answer is the standard one. Where nobody can be asked, the standard answer counts. */
async function withQuestions<T>(work: (ask: Ask) => Promise<T>): Promise<T> {
  if (process.stdin.isTTY !== true || process.stdout.isTTY !== true) return work(async (_, standard) => standard);
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return await work(async (question, standard) => {
      const answer = (await terminal.question(`${question} (${standard || "none"}): `)).trim();
      return answer === "" ? standard : answer;
    });
  } finally {
    terminal.close();
  }
}

async function start(folder: string, options: Options): Promise<void> {
  const boards = boardNames();
  const device = await withQuestions(async (ask) => {
    const product =
      options.product ?? (await ask("Product, in lower-case letters, digits and hyphens", productOf(folder)));
    const maker = options.maker ?? (await ask("Your domain, which labels and cards point to", `${product}.example`));
    const board = options.board ?? (await ask(`Board, one of ${boards.join(", ")}`, "sim"));
    const cloud = options.cloud ?? (await ask("Host of your cloud, or none", ""));
    return {
      product,
      maker: maker.toUpperCase(),
      board,
      cloud: cloud === false || /^(none)?$/.test(cloud) ? undefined : cloud,
    };
  });
  if (device.product === "") throw new ValueError(`${folder} gives no product a name; give one: --product NAME`);
  if (!boards.includes(device.board)) {
    throw new ValueError(`--board ${device.board}: there is no such board (expected one of ${boards.join(", ")})`);
  }
  writeNewDevice(folder, device);
  process.stdout.write(`${folder} holds ${device.product} for the board ${device.board}
next: go there, then npm install, npm test; README.md has the commands of its life
`);
}

export function register(command: Command): void {
  command
    .argument("<folder>", "where it goes: a new folder, or an empty one")
    .option("--product <name>", "the product's name (default: made of the folder's)")
    .option("--maker <domain>", "your domain, at most 24 characters (default: PRODUCT.example)")
    .option("--board <name>", `one of ${boardNames().join(", ")} (default: sim)`)
    .addOption(new Option("--cloud <host>", "host of the cloud that units look for updates at"))
    .option("--no-cloud", "units have no cloud (the default)")
    .action((folder: string, options: Options) => sayTrouble(() => start(folder, options)));
}
