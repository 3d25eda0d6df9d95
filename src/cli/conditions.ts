/** The command-line options for a grant's content besides its limits (limits.ts). */
import type { Command } from "commander";
import { fromHex } from "#base/bytes.ts";
import type { Audience } from "#wire/grants/audience.ts";
import { LEVEL, RIGHT, type Right, type Scope, scopeOf } from "#wire/grants/scope.ts";
import { isFleet } from "#wire/link/topics.ts";
import { isProduct } from "#wire/releases/release.ts";
import { type LimitOptions, type Limits, limitsFrom, withLimits } from "./limits.ts";
import { CliTrouble } from "./trouble.ts";
import { listOf } from "./values/list.ts";
import { countOf } from "./values/number.ts";
import { groupsOf, wrongValue } from "./values/value-error.ts";

export interface ConditionOptions extends LimitOptions {
  readonly level?: string;
  readonly allow?: readonly string[];
  readonly epoch: string;
  readonly only?: string;
}

/** Adds to a verb what a link may say. */
export function withConditions(command: Command): Command {
  const more = command
    .option("--level <level>", "all, or noFlash (all but starting installs)")
    .option("--allow <name=right,...>", "a function, variable or event and its rights, as setLamp=call,read")
    .option("--epoch <number>", "the signing key's floor, or higher", "0")
    .option("--only <name,...>", "these functions, variables and events only");
  return withLimits(more);
}

/** A whole number that fits a link or a statement. */
export function wholeOf(option: string, text: string): number {
  return countOf(`--${option}`, text, { min: 0, max: Number.MAX_SAFE_INTEGER });
}

export function scopeFrom(options: ConditionOptions, fallback: Scope): Scope {
  if (options.allow !== undefined) {
    const names = options.allow.map((text) => {
      const [name, rights] = groupsOf("--allow", text, /^([^=]+)=([a-z,]+)$/, "setLamp=call,read") as [string, string];
      const list = rights.split(",");
      if (!list.every((right) => Object.hasOwn(RIGHT, right)))
        wrongValue("--allow", text, `NAME= and some of ${Object.keys(RIGHT).join(", ")}`);
      return [name, list as Right[]] as const;
    });
    return scopeOf(Object.fromEntries(names));
  }
  if (options.level === undefined) return fallback;
  if (options.level !== "all" && options.level !== "noFlash") wrongValue("--level", options.level, "all or noFlash");
  return LEVEL[options.level];
}

/** Whom a grant is for: an ID, product:NAME, fleet:NAME; null stands for all devices of the fleet that is named. */
export function audienceFrom(text: string, fleet: string | undefined): Audience {
  const id = text.length === 24 ? fromHex(text) : undefined;
  if (id !== undefined) return { kind: "device", id };
  if (text === "null") {
    if (fleet === undefined)
      throw new CliTrouble("--for null means all your devices; name their fleet too: --fleet NAME");
    if (!isFleet(fleet)) {
      throw new CliTrouble(
        `"${fleet}" cannot name a fleet (expected 1 to 32 lower-case letters, digits and hyphens); give another --fleet`,
      );
    }
    return { kind: "fleet", name: fleet };
  }
  const [kind, name] = groupsOf(
    "--for",
    text,
    /^(product|fleet):(.{1,32})$/,
    "a device ID, product:NAME, fleet:NAME or null",
  );
  if (!isProduct(name as string)) {
    throw new CliTrouble(
      `--for ${text}: no ${kind} can have this name (expected 1 to 32 lower-case letters, digits and hyphens)`,
    );
  }
  return { kind: kind as "product" | "fleet", name: name as string };
}

/** Limits, with the names that --only leaves. @throws ValueError */
export function conditionsFrom(options: ConditionOptions): Limits {
  const { expiresAtS, caveats } = limitsFrom(options);
  const only =
    options.only === undefined ? [] : [{ kind: "functions", names: listOf("--only", options.only) } as const];
  return { expiresAtS, caveats: [...only, ...caveats] };
}
