/** Assembles the ESP32-C6 board's bundle: port, settings, machines, app. */
import type { App } from "#device/app-interface.ts";
import { type Build, createMachines, type OnboardingParts } from "#device/core.ts";
import { run } from "#device/runner.ts";
import { openSealedSettings } from "#device/sealed-key.ts";
import board from "./board.json" with { type: "json" };
import { port, scope } from "./port.ts";

export function start(app: App, build: Build, onboarding: OnboardingParts): void {
  const { settings, reporter } = openSealedSettings(port, board.flash.regions.settings);
  const machines = createMachines({ port, app, board, build, onboarding });
  run(port, [...machines, reporter], app, settings, scope);
}
