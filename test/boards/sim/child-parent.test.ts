import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { expect, it } from "vitest";
import { builtPath } from "#boards/sim/host/programs.ts";
import { until } from "../../progress.ts";

const isRunning = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

it("a home that is killed leaves no simulated air behind", async () => {
  const home = spawn(process.execPath, [builtPath("test/boards/sim/home-process.ts"), "127.255.255.251"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const line = await new Promise<string>((resolve, reject) => {
    createInterface({ input: home.stdout }).once("line", resolve);
    home.once("exit", (status) => reject(new Error(`ended with ${status}`)));
  });
  const air = Number(line);
  expect(isRunning(air)).toBe(true);
  home.removeAllListeners("exit");
  home.kill("SIGKILL");
  await until("the air has ended", () => (isRunning(air) ? undefined : true));
});
