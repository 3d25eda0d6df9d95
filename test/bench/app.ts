/** The maker's loop: from a saved file to the app that runs, calls a second, and what an app without functions takes. */
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Child, startProgram } from "#boards/sim/host/child.ts";
import type { Bench, Row } from "./row.ts";

const BOARDS = ["sim", "qemu-mps2"] as const;
const EMPTY = 'import { defineDevice } from "latchkey/device";\nexport const app = defineDevice({ functions: {} });\n';
/** A function that does nothing, and a text that a save changes. */
const CALLED = (word: string) =>
  `import { defineDevice, text } from "latchkey/device";\nexport const app = defineDevice({ functions: { ping: { right: "call", args: {}, answer: text(40), run: () => ${JSON.stringify(word)} } } });\n`;
/** Nothing heard for so long means that it does not work. */
const SILENCE_MS = 300_000;
/** The goal for a save, milliseconds. */
const SAVE_GOAL_MS = 1_000;

interface State {
  readonly starts?: number;
  readonly isLinked?: boolean;
  readonly reloadMs?: number | null;
  readonly memory?: { readonly used: number } | null;
}

interface Maker {
  save(text: string): void;
  /** What was told of the unit last. */
  readonly state: State;
  until(what: string, isSo: (state: State) => boolean): Promise<void>;
  call(name: string): Promise<unknown>;
  stop(): Promise<void>;
}

function firstLine(child: Child): Promise<string> {
  return new Promise((resolve, reject) => {
    child.onLine(resolve);
    void child.exited.then((code) => reject(new Error(`latchkey dev ended (${code}): ${child.errors()}`)));
  });
}

/** Follows the stream of server-sent events. */
async function follow(url: string, headers: Record<string, string>, see: (state: State) => void): Promise<void> {
  const { body } = await fetch(`${url}/api/stream`, { headers });
  let text = "";
  for await (const bytes of body ?? []) {
    text += Buffer.from(bytes as Uint8Array).toString();
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const data = /^event: state\ndata: (.*)$/m.exec(block)?.[1];
      if (data !== undefined) see(JSON.parse(data) as State);
    }
  }
}

async function startMaker(board: string, folder: string, text: string): Promise<Maker> {
  const config = join(folder, "flash.config.json");
  const values = { product: "bench", fleet: "bench", app: "app.ts", board: "sim", maker: "BENCH.EXAMPLE" };
  writeFileSync(config, JSON.stringify({ ...values, keys: "out/keys", output: "out" }));
  writeFileSync(join(folder, "app.ts"), text);
  const child = startProgram("src/cli/main.ts", ["dev", "--json", "--config", config, "--board", board]);
  const { origin, hash } = new URL((JSON.parse(await firstLine(child)) as { url: string }).url);
  const headers = { authorization: `Bearer ${hash.slice(1)}`, "content-type": "application/json" };
  let state: State = {};
  let changed: () => void = () => undefined;
  follow(origin, headers, (part) => {
    state = { ...state, ...part };
    changed();
  }).catch(() => undefined);
  return {
    get state() {
      return state;
    },
    save: (changedText) => writeFileSync(join(folder, "app.ts"), changedText),
    until: (what, isSo) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`${board}: waited in vain for ${what}`)), SILENCE_MS);
        changed = () => {
          if (!isSo(state)) return;
          clearTimeout(timer);
          resolve();
        };
        changed();
      }),
    async call(name) {
      const body = JSON.stringify({ name, args: {} });
      return (await fetch(`${origin}/api/call`, { method: "POST", headers, body })).json();
    },
    stop: () => child.stop(),
  };
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;

async function bundleBytes(board: string, folder: string): Promise<number> {
  const out = join(folder, `${board}.bundle`);
  const words = ["--config", join(folder, "flash.config.json"), "--board", board, "--release", "1", "--out", out];
  const child = startProgram("src/cli/main.ts", ["bundle", "build", ...words]);
  if ((await child.exited) !== 0) throw new Error(child.errors());
  return statSync(out).size;
}

async function measure(board: string, folder: string, isQuick: boolean): Promise<readonly Row[]> {
  const row = (
    metric: string,
    value: number,
    unit: string,
    goal: number | null = null,
    peer: string | null = null,
  ) => ({
    ...{ case: board, metric, value, unit, peer, goal },
  });
  const maker = await startMaker(board, folder, EMPTY);
  try {
    await maker.until("a session", ({ isLinked, memory }) => isLinked === true && memory !== null);
    const heap = maker.state.memory?.used ?? 0;
    const release = await bundleBytes(board, folder);
    const saves: number[] = [];
    const sessions: number[] = [];
    for (let i = 0; i < (isQuick ? 3 : 9); i++) {
      const starts = maker.state.starts ?? 0;
      const savedAtMs = performance.now();
      maker.save(CALLED(`word ${i}`));
      await maker.until("the next start", (state) => (state.starts ?? 0) > starts);
      saves.push(performance.now() - savedAtMs);
      await maker.until("a session", ({ isLinked }) => isLinked === true);
      sessions.push(performance.now() - savedAtMs);
    }
    const calls = isQuick ? 20 : 200;
    const startMs = performance.now();
    for (let i = 0; i < calls; i++) {
      const answer = (await maker.call("ping")) as { answer?: string; error?: string };
      if (answer.answer === undefined) throw new Error(`${board}: ${answer.error}`);
    }
    const perSecond = (calls * 1_000) / (performance.now() - startMs);
    return [
      row(
        "from save to running, median",
        median(saves),
        "ms",
        board === "sim" ? SAVE_GOAL_MS : null,
        "Jaguar: under 2 s",
      ),
      row("from save to running, slowest", Math.max(...saves), "ms"),
      row("from save to the first session, median", median(sessions), "ms"),
      row("calls, one after the other in one session", perSecond, "per second"),
      row("memory in use, empty app, development unit", heap, "bytes"),
      row("bundle of a release, empty app", release, "bytes"),
    ];
  } finally {
    await maker.stop();
  }
}

export const bench: Bench = {
  async run({ quick }) {
    const rows: Row[] = [];
    for (const board of BOARDS) {
      const folder = mkdtempSync(join(tmpdir(), "latchkey-bench-app-"));
      try {
        rows.push(...(await measure(board, folder, quick)));
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    }
    return rows;
  },
};
