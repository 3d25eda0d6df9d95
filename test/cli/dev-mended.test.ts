/** `latchkey dev`: an app that is mended while the unit fails once more with the one before runs, and nothing of that is told. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readBoard } from "#boards/sim/host/board.ts";
import { type DevBuild, openDevBuilder } from "#cli/dev/dev-build.ts";
import { startDevLoop } from "#cli/dev/dev-loop.ts";
import { parseFlashConfig } from "#factory/config.ts";
import { until } from "../progress.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-mended-"));
const values = { product: "lamp", fleet: "lamps", maker: "LAMPS.EXAMPLE", app: "app.ts", board: "sim" };
const board = readBoard("sim");
const output = join(folder, "out");
const config = {
  ...parseFlashConfig(JSON.stringify(values), join(folder, "flash.config.json")),
  ...{ keys: join(folder, "keys"), output },
};
mkdirSync(output);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, greeting: string, more = ""): string {
  const path = join(folder, name);
  const app = `defineDevice({ variables: { greeting: { right: "read", type: text(20), get: () => "${greeting}" } } })`;
  writeFileSync(path, `import { defineDevice, text } from "latchkey/device";\nexport const app = ${app};\n${more}`);
  return path;
}

async function built(app: string): Promise<DevBuild> {
  const builder = await openDevBuilder({ ...config, app }, board);
  const build = await builder.build();
  await builder.close();
  return build;
}

test("a mended app starts, whenever the one before fails", async () => {
  const app = write("app.ts", "hello");
  const broken = await built(write("broken.ts", "never", 'throw new Error("not today");\n'));
  const mended = await built(write("mended.ts", "good evening"));
  const { store, unit, link, close } = await startDevLoop({ ...config, app }, board);
  try {
    await until("the first start", () => (store.state.phase === "running" ? true : undefined));
    const { starts } = store.state;
    let attempts = 0;
    const end = store.watch(({ kind, data }) => {
      // It starts the broken one for the second time, and will fail again before it hears of the mended one.
      if (kind === "state" && data.phase === "starting" && ++attempts === 2) void unit.load(mended, link);
    });
    await unit.load(broken, link);
    await until("the second attempt", () => (attempts >= 2 ? true : undefined));
    await until("the mended app", () => (store.state.starts > starts ? true : undefined));
    end();
    expect(store.state.phase).toBe("running");
    expect(store.state.troubles.filter(({ text }) => text.includes("not today"))).toEqual([]);
  } finally {
    await close();
  }
});
