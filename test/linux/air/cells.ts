/** Which protocol is tried on which network, at what loss and how often; and the table of what came of it. */
import type { SentProtocol } from "#phone/message.ts";
import { NETWORKS } from "./networks.ts";
import { simulatedS } from "./simulated.ts";
import type { TrialResult } from "./trial.ts";

export interface Cell {
  readonly network: string;
  readonly protocol: SentProtocol;
  readonly lossPercent: number;
  readonly runs: number;
}

const AIR_LOSSES = [0, 10, 30, 50];
const AIR_NETWORKS = ["wpa2", "tkip-mixed", "ap-isolate"];
const AIR_RUNS = 200;
const OLDER: readonly SentProtocol[] = ["esptouch-v1", "esptouch-v2", "airkiss", "ti-cc3000", "ti-cc3200", "tuya-ez"];
const OLDER_LOSSES = [0, 30];
const OTHER_RUNS = 10;
/** What a protocol has no room for. */
const TOO_LONG: Readonly<Record<string, readonly SentProtocol[]>> = {
  "key-63": ["ti-cc3000", "ti-cc3200"],
  "key-64-hex": ["ti-cc3000", "ti-cc3200"],
};

/** Those of one network side by side, since opening one takes as long as a run. */
export function cells(): readonly Cell[] {
  return NETWORKS.flatMap(({ name: network }) => {
    const isAirs = AIR_NETWORKS.includes(network);
    const cell = (protocol: SentProtocol, lossPercent: number, runs: number): Cell => ({
      ...{ network, protocol, lossPercent, runs },
    });
    const older = OLDER.filter((protocol) => !TOO_LONG[network]?.includes(protocol));
    return [
      ...(isAirs ? AIR_LOSSES : OLDER_LOSSES).map((loss) => cell("air", loss, isAirs ? AIR_RUNS : OTHER_RUNS)),
      ...older.flatMap((protocol) => OLDER_LOSSES.map((loss) => cell(protocol, loss, OTHER_RUNS))),
    ];
  });
}

/** What has most runs begins, and then all come on in step: so many at a time, since opening a network takes as long as a run. */
const RUNS_A_ROUND = 5;
const AHEAD_ROUNDS = 4;

/** How many runs a cell is to have by the end of a round, the first being 1. */
export function runsBy({ runs }: Cell, round: number): number {
  const due = runs === AIR_RUNS ? RUNS_A_ROUND * round : Math.ceil((round - AHEAD_ROUNDS) / AHEAD_ROUNDS);
  return Math.min(runs, Math.max(0, due));
}

export const cellName = ({ network, protocol, lossPercent }: Omit<Cell, "runs">): string =>
  `${network} ${protocol} ${lossPercent}%`;

export const ofCell = (results: readonly TrialResult[], cell: Cell): readonly TrialResult[] =>
  results.filter((result) => cellName(result) === cellName(cell));

function quantile(values: readonly number[], share: number): string {
  const ascending = [...values].sort((a, b) => a - b);
  return ascending[Math.min(ascending.length - 1, Math.floor(share * ascending.length))]?.toFixed(2) ?? "";
}

/**
 * Only cells with a run. Seconds from the first datagram: to the decoded message, the same over the simulated air for as many runs,
 * and to the proved hello.
 */
export function tableOf(all: readonly Cell[], results: readonly TrialResult[]): string {
  const rows = all.flatMap((cell) => {
    const had = ofCell(results, cell);
    if (had.length === 0) return [];
    const decoded = had.flatMap(({ decodedS }) => decodedS ?? []);
    const proved = had.flatMap(({ provedS }) => provedS ?? []);
    const { network, protocol, lossPercent } = cell;
    const count = (what: (result: TrialResult) => boolean) => had.filter(what).length;
    const counts = [had.length, decoded.length, count((r) => r.isJoined), proved.length, count((r) => r.isWrong)];
    const simulated = had.flatMap(({ seed }) => simulatedS(cell, seed) ?? []);
    const times = [decoded, simulated, proved].flatMap((each) => [quantile(each, 0.5), quantile(each, 0.9)]);
    return [[network, protocol, `${lossPercent} %`, ...counts, ...times]];
  });
  const head = [
    "network",
    "protocol",
    "loss",
    "N",
    "decoded",
    "joined",
    "proved",
    "wrong",
    ...["decoded", "simulated", "proved"].flatMap((what) => [`${what}, median s`, "90 %"]),
  ];
  const row = (values: readonly (string | number)[]) => `| ${values.join(" | ")} |\n`;
  return row(head) + row(head.map(() => "---")) + rows.map((each) => row(each)).join("");
}
