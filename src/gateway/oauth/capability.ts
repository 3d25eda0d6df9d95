/**
 * What a token may do, as scopes. Each word gives something and none takes anything away, so fewer words are always a
 * narrower token: `LEVEL` for every unit of this gateway, `LEVEL@DEVICE` for one. A level is `all`, `noFlash`, or `use:NAME`
 * for one function, variable or event.
 */
import { RIGHT, type Rights } from "./rights.ts";

export interface Capability {
  readonly level: "all" | "noFlash" | "use";
  /** The function, variable or event that `use` is for. */
  readonly name?: string;
  /** 24 hexadecimal digits; absent for every unit. */
  readonly device?: string;
}

const WORD = /^(?:(all|noFlash)|use:([A-Za-z][\w.-]{0,62}))(?:@([0-9a-f]{24}))?$/;

/** @returns undefined for a word that is none of ours. */
export function readCapability(word: string): Capability | undefined {
  const [, level, name, device] = WORD.exec(word) ?? [];
  if (level === undefined && name === undefined) return undefined;
  const on = device === undefined ? {} : { device };
  return name === undefined ? { level: level as "all" | "noFlash", ...on } : { level: "use", name, ...on };
}

export function writeCapability({ level, name, device }: Capability): string {
  return `${level === "use" ? `use:${name}` : level}${device === undefined ? "" : `@${device}`}`;
}

/** The capabilities among the words of a scope; other words give nothing. */
export function readScope(scope: string | undefined): readonly Capability[] {
  return (scope ?? "").split(" ").flatMap((word) => readCapability(word) ?? []);
}

/** Whether everything that the narrower one allows is allowed by the wider one too. */
function includes(wider: Capability, narrower: Capability): boolean {
  if (wider.device !== undefined && wider.device !== narrower.device) return false;
  if (wider.level === "all") return true;
  if (wider.level === "noFlash") return narrower.level !== "all";
  return narrower.level === "use" && narrower.name === wider.name;
}

/** Whether one of these includes the capability. */
export function covers(held: readonly Capability[], wanted: Capability): boolean {
  return held.some((each) => includes(each, wanted));
}

/** What a request wants to do to a unit. */
export interface Act {
  readonly device: string;
  readonly right: Rights;
  /** The function, variable or event; absent for what concerns the unit itself. */
  readonly name?: string;
}

/** Whether one of these capabilities allows an act. A capability for one name shows the unit, but changes nothing of it. */
export function allows(held: readonly Capability[], { device, right, name }: Act): boolean {
  return held.some((each) => {
    if (each.device !== undefined && each.device !== device) return false;
    if (each.level === "all") return true;
    if (each.level === "noFlash") return right !== RIGHT.flash;
    return right === RIGHT.see || (name === each.name && right !== RIGHT.flash && right !== RIGHT.manage);
  });
}
