import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { expect, it } from "vitest";
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
  // What `latchkey home` does first: it starts the air, and waits for it.
  const code = `
    const { startAir } = await import("./src/cli/emulated-air.ts");
    const { child } = await startAir({ ssid: "Home", passphrase: "correct horse" }, "127.255.255.251");
    console.log(child.pid);
    setInterval(() => undefined, 60_000);`;
  const home = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", code], {
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
