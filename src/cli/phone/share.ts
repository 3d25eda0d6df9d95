/** `latchkey phone share`: delegates a narrower key to a guest, with every limit that a key can have. */
import { equal, fromHex, toHex } from "#base/bytes.ts";
import type { Result } from "#base/faults.ts";
import { type LimitOptions, type Limits, limitsFrom, limitsText } from "#cli/limits.ts";
import { deviceIdOf, publicKeyValue } from "#cli/values/identifier.ts";
import { listOf } from "#cli/values/list.ts";
import { ValueError } from "#cli/values/value-error.ts";
import { describeUnit } from "#phone/describe.ts";
import { recall } from "#phone/memory.ts";
import { mintShare, type Shared } from "#phone/share.ts";
import { holderSeed } from "#trust/grants/card-keys.ts";
import { readText, refuseFolder, writeWhole } from "#trust/host/files.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { readChain } from "#wire/grants/grant.ts";
import { RIGHT, type Right, type Scope, scopeOf } from "#wire/grants/scope.ts";
import { bringToGateway, readGatewayLink } from "./gateway-link.ts";
import { note } from "./given-keys.ts";
import { openUnitSession, type PhoneOptions, PhoneTrouble, print, scan } from "./unit.ts";

export interface ShareOptions extends PhoneOptions, LimitOptions {
  /** The guest's public key. */
  readonly to?: string;
  /** The link of a gateway, or a file with it, in place of a key and a file for the chain. */
  readonly toGateway?: string;
  /** With the right to install releases. */
  readonly flash?: boolean;
  readonly name?: string;
  readonly function?: readonly string[];
  readonly for?: string;
  readonly unlimited?: boolean;
  /** What the unit offers, for a key that is made while it cannot be reached. */
  readonly assumeFunctions?: string;
  readonly out?: string;
}

/** What a key is minted from, and the app's names that its functions are checked against. */
interface Base {
  readonly grant: Uint8Array;
  readonly floor: number;
  readonly names: readonly (readonly [name: string, right: string | undefined])[];
  readonly isOffline: boolean;
}

const NAME_MAX = 64;
/** Rights that a key for all functions has: no right over the unit itself. */
const EVERYTHING: Scope = [{ name: "*", rights: RIGHT.read | RIGHT.call | RIGHT.subscribe }];

/** What was asked for, with every value checked. @throws ValueError */
function asked(options: ShareOptions) {
  const gateway = options.toGateway === undefined ? undefined : readGatewayLink(options.toGateway);
  if ((gateway === undefined) === (options.to === undefined)) {
    throw new ValueError("say whom the key is for: --to KEY, or --to-gateway LINK");
  }
  if (gateway === undefined && options.out === undefined)
    throw new ValueError("name the file for the chain: --out FILE");
  const guestKey = gateway?.publicKey ?? publicKeyValue("--to", options.to ?? "");
  const audience = options.for === undefined ? undefined : deviceIdOf("--for", options.for);
  const limits = limitsFrom(options);
  const functions = options.function === undefined ? undefined : listOf("--function", options.function.join(","));
  const assumed =
    options.assumeFunctions === undefined ? undefined : listOf("--assume-functions", options.assumeFunctions);
  const name = options.name ?? (gateway === undefined ? `key of ${toHex(guestKey).slice(0, 8)}` : "gateway");
  if (name.trim() === "" || name.length > NAME_MAX) {
    throw new ValueError(`--name: "${name}" is not a name (expected 1 to ${NAME_MAX} characters)`);
  }
  const isLimited = functions !== undefined || limits.expiresAtS !== undefined || limits.caveats.length > 0;
  if (!isLimited && options.unlimited !== true) {
    throw new ValueError(
      "this key would have no limit at all: every function, for ever. Name a limit, as --function NAME or --expires 30d, or say --unlimited",
    );
  }
  if (isLimited && options.unlimited === true) {
    throw new ValueError("--unlimited contradicts the limits beside it; leave one of the two out");
  }
  if (options.flash === true && functions !== undefined) {
    throw new ValueError("--flash is for the unit itself; leave --function out");
  }
  return { guestKey, gateway, audience, limits, functions, assumed, name };
}

/** Checks names against what the unit offers. @returns The scope that the functions make. @throws ValueError */
function scopeFor(functions: readonly string[] | undefined, { caveats }: Limits, { names, isOffline }: Base): Scope {
  const offered = new Map(names);
  const all = names.map(([name]) => name).join(", ") || "nothing";
  const source = isOffline ? "--assume-functions names" : "the unit offers";
  const rightOf = (option: string, name: string) => {
    if (!offered.has(name)) throw new ValueError(`${option}: the app has no "${name}" (${source}: ${all})`);
    return offered.get(name);
  };
  for (const caveat of caveats) {
    if (caveat.kind !== "argument") continue;
    const right = rightOf("--arg", caveat.function);
    if (right !== undefined && right !== "call") {
      throw new ValueError(`--arg: ${caveat.function} takes no arguments (it needs the right "${right}")`);
    }
    if (functions !== undefined && !functions.includes(caveat.function)) {
      throw new ValueError(
        `--arg: ${caveat.function} is not among the functions of this key; name it with --function too`,
      );
    }
  }
  if (functions === undefined) return EVERYTHING;
  const rights = functions.map((name) => {
    const right = rightOf("--function", name);
    if (right === "config")
      throw new ValueError(`--function: ${name} needs the config right, which only the owner has`);
    return [name, right === undefined ? (["call", "read", "subscribe"] as const) : [right as Right]] as const;
  });
  return scopeOf(Object.fromEntries(rights));
}

/** Asks the unit; where it cannot be reached, takes what this phone remembers and what the person says that the app has. */
async function baseOf(options: ShareOptions, id: string, assumed: readonly string[] | undefined): Promise<Base> {
  try {
    const session = await openUnitSession(options);
    try {
      const description = told(await describeUnit(session));
      const grant = told(await session.request({ op: "grant" }));
      if (!(grant instanceof Uint8Array)) throw new PhoneTrouble("the unit hands out no grant; try again");
      const { names, floor } = description;
      note(options.memory, id, (known) => ({ ...known, names, floor, grant: toHex(grant) }));
      return { grant, floor, names, isOffline: false };
    } finally {
      await session.close();
    }
  } catch (error) {
    if (!(error instanceof PhoneTrouble) || error.fault !== "SESSION_UNREACHABLE") throw error;
    if (assumed === undefined) {
      throw new PhoneTrouble(
        `${error.message}. To make the key without the unit, say what its app offers: --assume-functions NAME,...`,
        error.fault,
      );
    }
    const known = recall(options.memory, id);
    const grant = known?.grant === undefined ? undefined : fromHex(known.grant);
    if (grant === undefined)
      throw new PhoneTrouble("this phone does not remember the owner's grant; at home, run once: latchkey phone learn");
    return { grant, floor: known?.floor ?? 0, names: assumed.map((name) => [name, undefined]), isOffline: true };
  }
}

function told<T>(answer: Result<T>): T {
  if (answer.ok) return answer.value;
  const advice = answer.fault === "SESSION_OWNER" ? "; only its owner may share it" : "";
  throw new PhoneTrouble(`the unit hands out no grant (${answer.fault})${advice}`, answer.fault);
}

/** A key that no unit would read is not given to anybody. */
function checkShared({ chain, cti }: Shared): void {
  const links = readChain(chain);
  if (!links.ok) throw new ValueError(`no unit would accept this key (${links.fault}); ask for fewer limits`);
  const last = links.value.at(-1);
  if (last === undefined || !equal(last.claims.cti, cti))
    throw new ValueError("no unit would accept this key; try again");
}

/** Writes the guest's chain and reads it back. */
function writeChain(path: string, chain: Uint8Array): void {
  const text = `${toHex(chain)}\n`;
  writeWhole(path, text);
  if (readText(path) !== text) throw new PhoneTrouble(`${path} does not hold what was written; check the disk`);
}

/** Mints a guest's chain, remembers the key by its name, and writes the chain. */
export async function shareUnit(options: ShareOptions): Promise<void> {
  const { guestKey, gateway, audience, limits, functions, assumed, name } = asked(options);
  if (options.out !== undefined) refuseFolder(options.out);
  const { deviceId, secret } = await scan(options);
  const id = toHex(deviceId);
  const base = await baseOf(options, id, assumed);
  const given = scopeFor(functions, limits, base);
  const scope = options.flash === true ? given.map((each) => ({ ...each, rights: each.rights | RIGHT.flash })) : given;
  const { expiresAtS, caveats } = limits;
  const shared = mintShare(nodePrimitives, base.grant, base.floor, holderSeed(nodePrimitives, secret, deviceId), {
    ...{ guestKey, scope, caveats },
    ...(expiresAtS === undefined ? {} : { expiresAtS }),
    ...(audience === undefined ? {} : { audience: { kind: "device", id: audience } as const }),
  });
  checkShared(shared);
  const what = functions === undefined ? "every function" : functions.join(", ");
  const words = [options.flash === true ? `${what} and releases` : what, ...limitsText(limits)];
  const cti = toHex(shared.cti);
  const key = {
    ...{ cti, name, holder: toHex(guestKey), epoch: base.floor, limits: words },
    givenAtS: Math.floor(Date.now() / 1_000),
    ...(expiresAtS === undefined ? {} : { expiresAtS }),
  };
  // Remembered first: a key that nobody can find again could not be revoked by its name.
  note(options.memory, id, (known) => ({ ...known, keys: [...(known.keys ?? []), key] }));
  if (options.out !== undefined) writeChain(options.out, shared.chain);
  const told =
    gateway === undefined
      ? undefined
      : await bringToGateway(gateway, { id, name, chain: shared.chain }, options.memory);
  const end = expiresAtS === undefined && !caveats.some(({ kind }) => kind === "notAfter") ? "; it has no end" : "";
  const checked = base.isOffline ? "; the unit was not reached, so its functions were not checked" : "";
  const where = options.out ?? gateway?.url ?? "";
  print(
    options,
    {
      ...{ cti, name, chain: options.out, chainBytes: shared.chain.length, limits: words, checked: !base.isOffline },
      ...(told && { gateway: gateway?.url, connected: told.connected }),
    },
    `${where}: key ${cti} for ${name}: ${words.join("; ")}${end}${checked}${told?.sentence ?? ""}`,
  );
}
