/** Sleep on a simulated unit: its engine is gone meanwhile, and a few bytes of memory stay. */
import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { readBoard } from "#boards/sim/host/board.ts";
import { builtPath } from "#boards/sim/host/programs.ts";
import { openSimStation } from "#boards/sim/host/station.ts";
import { buildScript } from "#factory/bundle/bundle.ts";
import { whileProgressing } from "../../progress.ts";
import { imagesOf, testConfig, testMaker } from "./made-unit.ts";

/** A runtime without machines, whose app says why it runs and how often, then sleeps. */
const SCRIPT = `
import { port } from "./boards/sim/port.ts";
import board from "./boards/sim/board.json" with { type: "json" };
import { defineDevice, retained, sleep, wokenBy } from "./src/app/index.ts";
import { run } from "./src/device/runner.ts";
import { openSettings } from "./src/device/settings.ts";
const app = defineDevice({
  state: { starts: 0 },
  pressed: (heldMs, io) => io.log("held " + heldMs),
  start(io) {
    const kept = retained({ wakes: 0 });
    io.state.starts++;
    io.log("woken by " + wokenBy() + ", wakes " + kept.wakes++ + ", starts " + io.state.starts);
    sleep(kept.wakes === 1 ? { forS: 1 } : { forS: 3600, untilPin: "contact" });
  },
});
run(port, [], app, openSettings(port.flash, board.flash.regions.settings));
`;

const units: ChildProcess[] = [];
afterEach(() => {
  for (const unit of units.splice(0)) unit.kill("SIGKILL");
});

function started(flash: string) {
  const unit = fork(builtPath("boards/sim/host/unit.ts"), ["--flash", flash, "--radio", "127.0.0.1:1"], {
    stdio: ["pipe", "pipe", "pipe", "ipc"],
  });
  units.push(unit);
  let look: () => void = () => undefined;
  // What comes by one of them may overtake what comes by the other. `from` is up to where it was waited for: the same words come again.
  const heard = [unit.stdout, unit.stderr].map((stream) => {
    const each = { said: "", from: 0 };
    stream?.on("data", (chunk) => {
      each.said += chunk;
      look();
    });
    return each;
  });
  const until = (text: string) =>
    whileProgressing(
      (progress) =>
        new Promise<void>((resolve) => {
          look = () => {
            progress();
            for (const each of heard) {
              const at = each.said.indexOf(text, each.from);
              if (at < 0) continue;
              each.from = at + text.length;
              look = () => undefined;
              return resolve();
            }
          };
          look();
        }),
      () => `no ${text} in: ${heard.map(({ said }) => said).join("\n")}`,
    );
  return { unit, until };
}

test("time, a pin and the button end a sleep; the power takes what was kept, and leaves the state", async () => {
  const config = testConfig();
  const flash = join(config.output, "flash.bin");
  const { bytes } = await buildScript(SCRIPT);
  await openSimStation(readBoard("sim"), flash, "127.0.0.1:1").flash(
    imagesOf(config, testMaker(config.product), bytes),
  );
  const first = started(flash);
  await first.until("app: woken by start, wakes 0, starts 1");
  await first.until("app: woken by timer, wakes 1, starts 2");
  await first.until('{"sleep":{"forMs":35');
  first.unit.send({ io: { value: "digital contact", to: 1 } });
  await first.until("app: woken by pin, wakes 2, starts 3");
  await first.until('{"sleep":');
  first.unit.send({ press: 1_500 });
  await first.until("app: woken by button, wakes 3, starts 4");
  await first.until("app: held 1500");
  await first.until('{"sleep":');
  first.unit.kill("SIGKILL");
  await new Promise((resolve) => first.unit.once("exit", resolve));
  const second = started(flash);
  await second.until("app: woken by start, wakes 0, starts 5");
  expect(second.unit.exitCode).toBeNull();
});
