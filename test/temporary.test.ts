/** The folder for temporary files of a run of the tests. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";

const parent = mkdtempSync(join(tmpdir(), "latchkey-temporary-"));
afterEach(() => rmSync(parent, { recursive: true, force: true }));

/** A run that makes a file in its folder, and then waits to be ended. */
function start() {
  const program = `
    const { provideTemporaryFolder } = await import("./bin/temporary.mjs");
    const { writeFileSync } = await import("node:fs");
    const { tmpdir } = await import("node:os");
    const freeBytes = provideTemporaryFolder();
    writeFileSync(tmpdir() + "/left", "");
    process.on("disconnect", () => process.exit());
    process.send({ folder: tmpdir(), freeBytes });`;
  return spawn(process.execPath, ["--input-type=module", "-e", program], {
    env: { ...process.env, TMPDIR: parent },
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
}

test("what a run leaves behind goes with it, also when it is told to end", async () => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    mkdirSync(parent, { recursive: true });
    const run = start();
    const ended = once(run, "exit");
    const [{ folder, freeBytes }] = (await once(run, "message")) as [{ folder: string; freeBytes: number }];
    expect(existsSync(join(folder, "left"))).toBe(true);
    expect(folder.startsWith(parent)).toBe(true);
    expect(freeBytes).toBeGreaterThan(0);
    run.kill(signal);
    await ended;
    expect(readdirSync(parent)).toEqual([]);
  }
});

test("a run removes the folders of runs that were killed, and none that may be in use", async () => {
  mkdirSync(parent, { recursive: true });
  const killed = start();
  const killedEnded = once(killed, "exit");
  const [{ folder: abandoned }] = (await once(killed, "message")) as [{ folder: string }];
  killed.kill("SIGKILL");
  await killedEnded;
  const young = join(parent, `latchkey-run-${2 ** 30}`);
  const running = join(parent, `latchkey-run-${process.pid}`);
  const other = join(parent, "latchkey-other-1");
  for (const folder of [young, running, other]) mkdirSync(folder);
  const yesterday = Date.now() / 1000 - 86_400;
  for (const folder of [abandoned, running, other]) utimesSync(folder, yesterday, yesterday);

  const run = start();
  const ended = once(run, "exit");
  await once(run, "message");
  run.disconnect();
  await ended;
  expect(readdirSync(parent).sort()).toEqual(
    [other, running, young].map((path) => path.slice(parent.length + 1)).sort(),
  );
});

test("a run that is told to end ends its tests before it removes what they write", async () => {
  mkdirSync(parent, { recursive: true });
  const writer = `
    import { mkdirSync, writeFileSync } from "node:fs";
    import { tmpdir } from "node:os";
    import { test } from "vitest";
    test("writes on and on", () => {
      for (let i = 0; ; i++) {
        mkdirSync(tmpdir() + "/folder-" + i);
        writeFileSync(tmpdir() + "/folder-" + i + "/file", "");
        if (i === 10) writeFileSync(tmpdir() + "/../writing", "");
      }
    });`;
  const tests = mkdtempSync(join(process.cwd(), ".cache/planted-"));
  writeFileSync(join(tests, "writer.test.ts"), writer);
  writeFileSync(join(tests, "vitest.config.ts"), 'export default { test: { name: "writer" } };');
  const stage = JSON.stringify({ name: "writer", options: ["--root", tests], budgetS: 1_000 });
  const program = `
    const { provideTemporaryFolder } = await import("./bin/temporary.mjs");
    const { runStage } = await import("./bin/stage.mjs");
    provideTemporaryFolder();
    await runStage(${stage}, 10, {});`;
  const run = spawn(process.execPath, ["--input-type=module", "-e", program], {
    env: { ...process.env, TMPDIR: parent },
    stdio: "ignore",
  });
  const ended = once(run, "exit");
  await vi.waitFor(() => expect(existsSync(join(parent, "writing"))).toBe(true), { timeout: 120_000, interval: 50 });
  run.kill("SIGTERM");
  await ended;
  rmSync(tests, { recursive: true });
  await vi.waitFor(() => expect(readdirSync(parent)).toEqual(["writing"]), { timeout: 30_000, interval: 200 });
});
