/** The table of verbs, in the order of the story. A verb's file is loaded only when the verb is used. */
import type { Command } from "commander";
import { readStrictly } from "./values/strict.ts";

export interface VerbModule {
  /** Adds arguments, options, sub-verbs and the action to the verb's command. */
  register(command: Command): void;
}

export interface Verb {
  readonly name: string;
  readonly summary: string;
  load(): Promise<VerbModule>;
}

const LISTED: readonly Verb[] = [
  {
    name: "start",
    summary: "play the whole story, from the factory line to a signed update",
    load: () => import("./start.ts"),
  },
  {
    name: "line",
    summary: "make units, from bare flash to sealed card; list them",
    load: () => import("#cli/line/line.ts"),
  },
  { name: "firmware", summary: "build the native image of a board", load: () => import("./firmware.ts") },
  {
    name: "bundle",
    summary: "build a device bundle; read a unit's console with whole names",
    load: () => import("./bundle.ts"),
  },
  {
    name: "card",
    summary: "make the sealed card of a device, or read one from a picture or from typed text",
    load: () => import("./card.ts"),
  },
  {
    name: "grant",
    summary: "issue, delegate, inspect and revoke keys",
    load: () => import("./grant.ts"),
  },
  {
    name: "home",
    summary: "give made units of simulated and emulated boards power and a Wi-Fi network, until Ctrl-C",
    load: () => import("./home.ts"),
  },
  {
    name: "phone",
    summary: "what an owner's phone does: onboard a unit, call it",
    load: () => import("#cli/phone/phone.ts"),
  },
  { name: "keys", summary: "make and rotate the keys that sign releases", load: () => import("./keys.ts") },
  { name: "release", summary: "build, sign, inspect and publish releases", load: () => import("./release.ts") },
  { name: "cloud", summary: "run broker, block service, rollouts and status page", load: () => import("./cloud.ts") },
  {
    name: "recover",
    summary: "recover a unit whose flash holds no image that verifies, over its serial line",
    load: () => import("./recover.ts"),
  },
  { name: "rollout", summary: "deliver a release to units, wave by wave", load: () => import("./rollout.ts") },
  {
    name: "revocation",
    summary: "send signed revocations to units through the cloud, and show which units applied them",
    load: () => import("./revocation.ts"),
  },
  {
    name: "size",
    summary: "show what the device bundle is made of, against the board's budget",
    load: () => import("./size.ts"),
  },
  { name: "air", summary: "encode and decode onboarding broadcasts", load: () => import("#cli/air/air.ts") },
  { name: "inspect", summary: "decode any signed Latchkey object", load: () => import("./inspect.ts") },
  {
    name: "verify",
    summary: "verify Ed25519 signatures by the strict rule, on this host or on a board",
    load: () => import("./verify.ts"),
  },
  { name: "fuzz", summary: "feed a decoder a million wrong inputs", load: () => import("#cli/fuzz/fuzz.ts") },
  {
    name: "sim",
    summary: "replay a simulated home, or a fleet, under one seed",
    load: () => import("#cli/sim/sim.ts"),
  },
  { name: "bench", summary: "measure one of the benchmarks, or all", load: () => import("./bench.ts") },
];

/** The verbs, with a strict reader for every value that each takes. */
export const VERBS: readonly Verb[] = LISTED.map((verb) => ({
  ...verb,
  async load() {
    const module = await verb.load();
    return {
      register(command) {
        module.register(command);
        readStrictly(command);
      },
    };
  },
}));
