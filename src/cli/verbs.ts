/** The table of verbs that makers get, by role. A verb's file is loaded only when the verb is used. */
import type { Command } from "commander";
import { readStrictly } from "./values/strict.ts";

export interface VerbModule {
  /** Adds arguments, options, sub-verbs and the action to the verb's command. */
  register(command: Command): void;
}

export interface Verb {
  readonly name: string;
  /** Heading in `latchkey --help`: who uses the verb, or what for. */
  readonly role: string;
  readonly summary: string;
  load(): Promise<VerbModule>;
}

type Listed = readonly [name: string, summary: string, load: () => Promise<VerbModule>];

/** The verbs of a role, with a strict reader for every value that each takes. */
export function verbsOf(role: string, listed: readonly Listed[]): readonly Verb[] {
  return listed.map(([name, summary, load]) => ({
    name,
    role,
    summary,
    async load() {
      const module = await load();
      return {
        register(command) {
          module.register(command);
          readStrictly(command);
        },
      };
    },
  }));
}

export const VERBS: readonly Verb[] = [
  ...verbsOf("Build: the app and its releases", [
    [
      "new",
      "start a device: a repository of your own with app, test and configuration",
      () => import("#cli/new/new.ts"),
    ],
    ["dev", "run an app on a development unit and show it on a page", () => import("#cli/dev/dev.ts")],
    ["test", "run the app's tests, in virtual time", () => import("./test.ts")],
    ["repl", "evaluate expressions within the unit that latchkey dev runs", () => import("#cli/dev/repl.ts")],
    ["bundle", "build a device bundle; read a unit's console with whole names", () => import("./bundle.ts")],
    ["home", "give made units of simulated and emulated boards power and a Wi-Fi network", () => import("./home.ts")],
    ["keys", "make and rotate the keys that sign releases", () => import("./keys.ts")],
    ["release", "make, build, sign, inspect and publish releases", () => import("./release.ts")],
  ]),
  ...verbsOf("Make: the factory line", [
    [
      "factory",
      "make units, from bare flash to sealed card; list them, reissue cards, recover units",
      () => import("#cli/factory/factory.ts"),
    ],
    [
      "board",
      "identify, flash and check a board on a serial port, and show what it says",
      () => import("#cli/board/board.ts"),
    ],
  ]),
  ...verbsOf("Run: the maker's cloud", [
    ["cloud", "run broker, block service, rollouts and status page", () => import("./cloud.ts")],
    [
      "gateway",
      "serve programs and home systems over HTTP with OAuth 2.0, by keys that owners delegate",
      () => import("#cli/gateway/gateway.ts"),
    ],
    ["login", "log in at a cloud or gateway with an account of your own", () => import("./login.ts")],
    ["rollout", "deliver a release to units, wave by wave", () => import("./rollout.ts")],
    [
      "revocation",
      "send signed revocations to units, and show which units applied them",
      () => import("./revocation.ts"),
    ],
  ]),
  ...verbsOf("Own: an owner's phone", [
    ["phone", "onboard a unit, call it, share it", () => import("#cli/phone/phone.ts")],
    ["grant", "issue, delegate, inspect and revoke keys", () => import("./grant.ts")],
  ]),
  ...verbsOf("Look: inspect and verify", [
    ["doctor", "say what is missing on this machine, and how to get it", () => import("./doctor.ts")],
    ["inspect", "decode any signed Latchkey object", () => import("./inspect.ts")],
    ["verify", "verify Ed25519 signatures by the strict rule, on this host or on a board", () => import("./verify.ts")],
  ]),
];
