/** A maker at work, for the benchmark of the loop: `latchkey dev` on an app in a folder, followed and used as its page does. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Child, startProgram } from "#boards/sim/host/child.ts";
import { cpuOf } from "./process-meter.ts";

/** Nothing heard for so long means that it does not work. */
const SILENCE_MS = 300_000;

interface State {
  readonly starts?: number;
  readonly isLinked?: boolean;
  readonly reloadMs?: number | null;
  readonly memory?: { readonly used: number } | null;
}

interface Sample {
  readonly series: string;
  readonly atMs: number;
}

export interface Maker {
  save(text: string): void;
  /** What was told of the unit last. */
  readonly state: State;
  /** Changes of pins and variables so far, in order. */
  readonly samples: readonly Sample[];
  until(what: string, isSo: (state: State) => boolean): Promise<void>;
  call(name: string): Promise<unknown>;
  /** Processor seconds that the loop took so far: the tool, the builder and the unit, without the check of types beside them. */
  cpuS(): number;
  stop(): Promise<void>;
}

function firstLine(child: Child): Promise<string> {
  return new Promise((resolve, reject) => {
    child.onLine(resolve);
    void child.exited.then((code) => reject(new Error(`latchkey dev ended (${code}): ${child.errors()}`)));
  });
}

/** Follows the stream of server-sent events. */
async function follow(
  url: string,
  headers: Record<string, string>,
  see: (kind: string, data: unknown) => void,
): Promise<void> {
  const { body } = await fetch(`${url}/api/stream`, { headers });
  let text = "";
  for await (const bytes of body ?? []) {
    text += Buffer.from(bytes as Uint8Array).toString();
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const [, kind = "", data] = /^event: (state|sample)\ndata: (.*)$/m.exec(block) ?? [];
      if (data !== undefined) see(kind, JSON.parse(data));
    }
  }
}

const parentOf = (pid: number): number =>
  Number(readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1]?.split(" ")[1]);
const wordsOf = (pid: number): string => readFileSync(`/proc/${pid}/cmdline`, "latin1");

/** A process and those that it started, without the type checker; one that ends meanwhile is left out. */
function loopOf(pid: number): readonly number[] {
  const all = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const children = all.map(Number).filter((each) => {
    try {
      return parentOf(each) === pid && !wordsOf(each).includes("type-checker");
    } catch {
      return false;
    }
  });
  return [pid, ...children.flatMap(loopOf)];
}

/** @param app The path of its app; `save` writes it. */
export async function startMaker(board: string, folder: string, app: string): Promise<Maker> {
  const config = join(folder, "flash.config.json");
  const values = { product: "bench", fleet: "bench", app, board: "sim", maker: "BENCH.EXAMPLE" };
  writeFileSync(config, JSON.stringify({ ...values, keys: "out/keys", output: "out" }));
  const child = startProgram("src/cli/main.ts", ["dev", "--json", "--config", config, "--board", board]);
  const { origin, hash } = new URL((JSON.parse(await firstLine(child)) as { url: string }).url);
  const headers = { authorization: `Bearer ${hash.slice(1)}`, "content-type": "application/json" };
  const samples: Sample[] = [];
  let state: State = {};
  let changed: () => void = () => undefined;
  follow(origin, headers, (kind, data) => {
    if (kind === "sample") return void samples.push(data as Sample);
    state = { ...state, ...(data as State) };
    changed();
  }).catch(() => undefined);
  return {
    get state() {
      return state;
    },
    samples,
    save: (text) => writeFileSync(app, text),
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
    cpuS: () => cpuOf({ pids: loopOf(child.pid) }),
    stop: () => child.stop(),
  };
}
