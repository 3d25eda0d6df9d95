/** `latchkey doctor`: says what is missing on this machine, and how to get it. Nothing is changed. */
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Command } from "commander";
import { type FlashConfig, readFlashConfig } from "#factory/config.ts";
import { missingForEsp32 } from "#firmware/esp32-tools.ts";
import { missingPackages } from "#firmware/image.ts";
import { ESP32_BOARDS, FIRMWARE_BOARDS } from "#firmware/layout.ts";
import { bringsImages } from "#firmware/ready-images.ts";
import { readKeyFile } from "#trust/host/key-file.ts";
import { sayTrouble, troubleLine } from "./say-trouble.ts";

interface Finding {
  readonly what: string;
  /** "missing" where work can't go on, "optional" for what only some work needs. */
  readonly state: "ok" | "missing" | "optional";
  /** What is there, or how to get it. */
  readonly detail: string;
}

const ok = (what: string, detail: string): Finding => ({ what, state: "ok", detail });

/** How a program is installed, by Node's name for the system. */
const QEMU: Readonly<Record<string, string>> = {
  linux: "sudo apt-get install -y qemu-system-arm (or your distribution's package)",
  darwin: "brew install qemu",
  win32: "winget install SoftwareFreedomConservancy.QEMU",
};

function firstLineOf(program: string, ...args: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync(program, args, { encoding: "utf8" });
  return status === 0 ? stdout.split("\n")[0]?.trim() : undefined;
}

function node(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split(".").map((part) => +part);
  return major > 20 || (major === 20 && minor >= 19)
    ? ok("Node", process.versions.node)
    : {
        what: "Node",
        state: "missing",
        detail: `this is ${process.versions.node}; install 20.19 or newer from nodejs.org`,
      };
}

function emulator(config: FlashConfig | undefined): Finding {
  const version = firstLineOf("qemu-system-arm", "--version");
  if (version !== undefined) return ok("emulator", version);
  const isWanted = config?.board.startsWith("qemu-") === true;
  return {
    what: "emulator",
    state: isWanted ? "missing" : "optional",
    detail: `for the boards ${FIRMWARE_BOARDS.join(", ")}; run: ${QEMU[process.platform] ?? "install QEMU for Arm"}`,
  };
}

function images(): Finding {
  const brought = FIRMWARE_BOARDS.filter(bringsImages);
  if (brought.length > 0) return ok("native images", brought.join(", "));
  const install = missingPackages();
  return install === undefined
    ? ok("native images", "the toolchain builds them: latchkey firmware build")
    : { what: "native images", state: "optional", detail: `they need a toolchain; run: ${install}` };
}

/** Boards that one can hold: their images take other tools. */
function kitImages(config: FlashConfig | undefined): readonly Finding[] {
  return ESP32_BOARDS.map((board) => {
    const what = `images of ${board}`;
    if (bringsImages(board)) return ok(what, "came with the package");
    const lines = missingForEsp32();
    if (lines.length === 0) return ok(what, `the tools build them: latchkey firmware build --board ${board}`);
    const state = config?.board === board ? "missing" : "optional";
    return { what, state, detail: `they need tools; run: ${lines.join(" && ")}` };
  });
}

function configuration(path: string): readonly [Finding, FlashConfig | undefined] {
  const what = "configuration";
  if (!existsSync(path)) {
    return [
      { what, state: "optional", detail: `there is no ${path}; start a device with: latchkey new FOLDER` },
      undefined,
    ];
  }
  try {
    const config = readFlashConfig(path);
    return [ok(what, `${path}: ${config.product} for ${config.board}`), config];
  } catch (error) {
    return [{ what, state: "missing", detail: troubleLine(error) ?? String(error) }, undefined];
  }
}

function app({ app }: FlashConfig): Finding {
  return existsSync(app)
    ? ok("app", app)
    : { what: "app", state: "missing", detail: `there is no ${app}; name it under app in flash.config.json` };
}

/** A path as a shell takes it as one word. */
const quoted = (path: string) => (path.includes(" ") ? `"${path}"` : path);

function keys({ keys, product }: FlashConfig): Finding {
  const path = join(keys, "release.key");
  if (!existsSync(path)) {
    const detail = `there is no ${path}; run: latchkey keys new --product ${product} --keys ${quoted(keys)}`;
    return { what: "keys", state: "optional", detail };
  }
  try {
    readKeyFile(path, "release");
    return ok("keys", keys);
  } catch (error) {
    return { what: "keys", state: "missing", detail: troubleLine(error) ?? String(error) };
  }
}

/** The nearest folder above a path that is there: where the path would be made. */
const standing = (path: string): string => (existsSync(path) ? path : standing(dirname(path)));

function output({ output }: FlashConfig): Finding {
  try {
    accessSync(standing(output), constants.W_OK);
    return ok("output", output);
  } catch {
    return {
      what: "output",
      state: "missing",
      detail: `this user may not write to ${output}; name another under output`,
    };
  }
}

function findings(path: string): readonly Finding[] {
  const [found, config] = configuration(path);
  const ofProduct = config === undefined ? [] : [app(config), keys(config), output(config)];
  return [node(), emulator(config), images(), ...kitImages(config), found, ...ofProduct];
}

export function register(command: Command): void {
  command
    .option("--config <file>", "the device to look at as well", "flash.config.json")
    .option("--json", "print JSON", false)
    .action(({ config, json }: { config: string; json: boolean }) =>
      sayTrouble(() => {
        const found = findings(config);
        const width = Math.max(...found.map(({ what }) => what.length));
        const lines = found.map(({ what, state, detail }) => `${state.padEnd(8)}  ${what.padEnd(width)}  ${detail}`);
        process.stdout.write(json ? `${JSON.stringify(found)}\n` : `${lines.join("\n")}\n`);
        if (found.some(({ state }) => state === "missing")) process.exitCode = 1;
      }),
    );
}
