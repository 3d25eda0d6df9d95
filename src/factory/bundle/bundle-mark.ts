/** The mark that every built bundle carries: a text that says what it was built for, for the tools that take bundles. */

/** The part of flash.config.json that says which onboarding protocols are switched on. */
interface Onboarding {
  readonly legacy: readonly string[];
  readonly softAp: boolean;
  readonly improv?: boolean | undefined;
}

interface BundleMark {
  readonly release: string;
  readonly board: string;
  /** Protocols by their names in flash.config.json, "soft-ap" and "improv" among them. */
  readonly onboarding: readonly string[];
}

/** Names of what a product's onboarding switches on. */
export function onboardingNames({ legacy, softAp, improv = false }: Onboarding): readonly string[] {
  return [...legacy, ...(softAp ? ["soft-ap"] : []), ...(improv ? ["improv"] : [])];
}

/** The mark as a text without quotes. */
export function markOf(board: string, { release }: { readonly release: string }, onboarding: Onboarding): string {
  return `latchkey bundle 1; release ${release}; board ${board}; onboarding ${onboardingNames(onboarding).join(" ")};`;
}

/** Reads a bundle's mark; undefined where there is none, since the bytes are no bundle or one of an older version. */
export function readBundleMark(bundle: Uint8Array): BundleMark | undefined {
  const text = new TextDecoder().decode(bundle);
  const marks = [...text.matchAll(/latchkey bundle 1; release ([^;"]*); board ([^;"]*); onboarding ([^;"]*);/g)];
  const [, release, board, names] = marks.at(-1) ?? [];
  if (release === undefined || board === undefined || names === undefined) return undefined;
  return { release, board, onboarding: names.split(" ").filter((name) => name !== "") };
}
