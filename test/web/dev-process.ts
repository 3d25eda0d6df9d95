/** `latchkey dev` as a process, on an app in a folder of its own. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Child, startProgram } from "#boards/sim/host/child.ts";
import { whileProgressing } from "../progress.ts";

export const APP = `import { bool, defineDevice, int, text } from "latchkey/device";

const greeting = "hello";

${"export"} const app = defineDevice({
  functions: {
    setLamp: {
      right: "call",
      args: { on: bool() },
      answer: text(40),
      texts: { en: { title: "Switch the lamp" }, de: { title: "Lampe schalten" } },
      run: ({ on }, io) => {
        io.pin("lamp").write(on);
        return on ? "bright" : "dark";
      },
    },
    wrong: { right: "call", args: {}, answer: int(0, 9), run: () => 12 },
    fail: {
      right: "call",
      args: {},
      run: () => {
        throw new Error("the valve is stuck");
      },
    },
  },
  variables: {
    lamp: { right: "read", value: bool(), read: (io) => io.pin("lamp").read() === 1 },
    light: {
      right: "read",
      value: int(0, 65_535, { unit: "lx" }),
      history: { count: 600, interval: 1_000 },
      read: (io) => io.pin("light").level(),
    },
    greeting: { right: "read", value: text(40), read: () => greeting },
  },
  settings: { level: { value: int(0, 9), default: 3, texts: { en: { title: "Level" }, de: { title: "Stufe" } } } },
  events: { pressed: { payload: int(0, 600_000, { unit: "ms" }) } },
  pressed: (heldMs, io) => io.raise("pressed", heldMs),
});
`;

/** The line of APP, from 1, that holds this text. */
export const lineOf = (text: string): number => APP.split("\n").findIndex((line) => line.includes(text)) + 1;

export interface DevProcess {
  readonly child: Child;
  readonly url: string;
  readonly token: string;
  /** The app's file. */
  readonly app: string;
  /** Where the unit and its keys are. */
  readonly unitFolder: string;
  save(text: string): void;
  stop(): Promise<void>;
}

/** A folder with an app and its configuration. */
function appFolder(text = APP): { readonly folder: string; readonly config: string; readonly app: string } {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-dev-"));
  const app = join(folder, "app.ts");
  writeFileSync(app, text);
  const config = join(folder, "flash.config.json");
  const values = { product: "lamp", fleet: "workshop", app: "app.ts", board: "sim", maker: "LAMP.EXAMPLE" };
  writeFileSync(config, JSON.stringify({ ...values, keys: "out/keys", output: "out" }));
  mkdirSync(join(folder, "out"));
  return { folder, config, app };
}

/** Starts it, and waits until it serves its page. */
export async function startDev(board = "sim", text = APP): Promise<DevProcess> {
  const { folder, config, app } = appFolder(text);
  const child = startProgram("src/cli/main.ts", ["dev", "--json", "--config", config, "--board", board]);
  const url = await whileProgressing<string>(
    (progress) =>
      new Promise((resolve, reject) => {
        child.onLine((line) => {
          progress();
          if (line.startsWith("{")) resolve((JSON.parse(line) as { url: string }).url);
        });
        void child.exited.then((code) => reject(new Error(`latchkey dev ended (${code}): ${child.errors()}`)));
      }),
    () => `latchkey dev is not ready: ${child.errors()}`,
  );
  return {
    ...{ child, url, app, unitFolder: join(folder, "out/dev", board) },
    token: new URL(url).hash.slice(1),
    save: (changed) => writeFileSync(app, changed),
    async stop() {
      await child.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What nobody may see, as it is written in the unit's folder: secrets of the card, the network and the keys. */
export function secretsOf({ unitFolder }: DevProcess): readonly string[] {
  const { secret, passphrase } = JSON.parse(readFileSync(join(unitFolder, "unit.json"), "utf8")) as Record<
    string,
    string
  >;
  const keys = ["release.key", "issuer.key", "time.key"].map((name) =>
    readFileSync(join(unitFolder, "keys", name), "utf8"),
  );
  const seeds = keys.flatMap((text) => [...text.matchAll(/[0-9a-f]{64}/gi)].map(([hex]) => hex));
  return [secret ?? "", passphrase ?? "", ...seeds];
}
