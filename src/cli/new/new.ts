/** `latchkey new`: starts a maker's own repository. What no flag says is asked for at a terminal. */
import { createInterface } from "node:readline/promises";
import { type Command, Option } from "commander";
import { boardNames, readModule } from "#boards/sim/host/board.ts";
import { sayTrouble } from "#cli/say-trouble.ts";
import { ValueError } from "#cli/values/value-error.ts";
import { productOf, writeNewDevice } from "./new-device.ts";
import { lacksOf, STARTER_NAMES, type StarterName, starterFor } from "./starters.ts";

interface Options {
  readonly product?: string;
  readonly maker?: string;
  readonly board?: string;
  readonly app?: StarterName;
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

function checkBoard(board: string): void {
  const boards = boardNames();
  if (!boards.includes(board)) {
    throw new ValueError(`--board ${board}: there is no such board (expected one of ${boards.join(", ")})`);
  }
}

function starterNamed(word: string): StarterName {
  const found = STARTER_NAMES.find((name) => name === word);
  if (found === undefined) {
    throw new ValueError(`--app ${word}: there is no such app (expected one of ${STARTER_NAMES.join(", ")})`);
  }
  return found;
}

/** What a maker has to know of the app on this board; undefined when every unit has all that it opens. */
function noticeOf(board: string, starter: StarterName, isChosen: boolean): string | undefined {
  const [standard] = STARTER_NAMES;
  const { absent, modelled } = lacksOf(board, isChosen ? starter : (standard as StarterName));
  if (isChosen && absent.length > 0) {
    throw new ValueError(
      `--app ${starter}: the board ${board} has no ${absent.join(", no ")}; take another board, or --app relay`,
    );
  }
  if (absent.length > 0) return `the board ${board} has no ${absent.join(", no ")}: the app starts as a ${starter}`;
  if (modelled.length === 0) return undefined;
  const what = `the board ${board} models ${modelled.join(" and ")}, in test builds only`;
  return isChosen
    ? `${what}: latchkey dev runs this app, release make refuses it`
    : `${what}: the app starts as a ${starter}`;
}

async function start(folder: string, options: Options): Promise<void> {
  const boards = boardNames();
  if (options.board !== undefined) checkBoard(options.board);
  const device = await withQuestions(async (ask) => {
    const product =
      options.product ?? (await ask("Product, in lower-case letters, digits and hyphens", productOf(folder)));
    const maker = options.maker ?? (await ask("Your domain, which labels and cards point to", `${product}.example`));
    const board = options.board ?? (await ask(`Board, one of ${boards.join(", ")}`, "sim"));
    checkBoard(board);
    const asked = `App to start with, one of ${STARTER_NAMES.join(", ")}`;
    const starter = starterNamed(options.app ?? (await ask(asked, starterFor(board))));
    const cloud = options.cloud ?? (await ask("Host of your cloud, or none", ""));
    return {
      product,
      maker: maker.toUpperCase(),
      board,
      starter,
      cloud: cloud === false || /^(none)?$/.test(cloud) ? undefined : cloud,
    };
  });
  if (device.product === "") throw new ValueError(`${folder} gives no product a name; give one: --product NAME`);
  const { board, starter } = device;
  const notice = readModule(board)?.notice;
  const notices = [
    noticeOf(board, starter, options.app !== undefined || starter !== starterFor(board)),
    notice === undefined ? undefined : `the board ${board} ${notice}`,
  ];
  writeNewDevice(folder, device);
  for (const each of notices) if (each !== undefined) process.stdout.write(`note: ${each}\n`);
  process.stdout.write(`${folder} holds ${device.product}, a ${starter} for the board ${board}
next: go there, then npm install, npm test; README.md has the commands of its life
`);
}

export function register(command: Command): void {
  command
    .argument("<folder>", "where it goes: a new folder, or an empty one")
    .option("--product <name>", "the product's name (default: made of the folder's)")
    .option("--maker <domain>", "your domain, at most 24 characters (default: PRODUCT.example)")
    .option("--board <name>", `one of ${boardNames().join(", ")} (default: sim)`)
    .addOption(
      new Option(
        "--app <name>",
        "what it starts as (default: greenhouse where the board has its hardware, otherwise relay)",
      ).choices(STARTER_NAMES),
    )
    .addOption(new Option("--cloud <host>", "host of the cloud that units look for updates at"))
    .option("--no-cloud", "units have no cloud (the default)")
    .action((folder: string, options: Options) => sayTrouble(() => start(folder, options)));
}
