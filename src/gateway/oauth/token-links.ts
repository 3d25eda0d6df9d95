/** A token as a chain: its own words, then those of what it came from. */
import { type Artifacts, hashOf, type StoredToken } from "./artifacts.ts";
import type { TokenLink } from "./capability.ts";
import { CLIENT_SCOPE } from "./client-metadata.ts";
import { type Capability, readScope } from "./scope-word.ts";

/** As many exchanges may follow each other as a chain of grants has links. */
export const EXCHANGES_MAX = 8;

const read = new WeakMap<object, readonly Capability[]>();
/** What a scope says, read once for whatever holds it. */
function capabilitiesOf(holder: object, scope: string): readonly Capability[] {
  const known = read.get(holder) ?? readScope(scope);
  read.set(holder, known);
  return known;
}

/**
 * The links of a token, its own first. A login's tokens are counted together, so that a refresh gives no use back; a program's by what it is
 * registered for.
 * @returns undefined where what it came from is gone, and the token with it.
 */
export async function linksOf(artifacts: Artifacts, token: StoredToken): Promise<readonly TokenLink[] | undefined> {
  const links: TokenLink[] = [];
  let at = token;
  while (at.under !== undefined) {
    links.push({ owner: at.hash, capabilities: capabilitiesOf(at, at.scope) });
    const before = await artifacts.tokenByHash(at.under);
    if (before === undefined || links.length > EXCHANGES_MAX) return undefined;
    at = before;
  }
  const owner = at.grantId === undefined ? at.hash : hashOf(at.grantId);
  links.push({ owner, capabilities: capabilitiesOf(at, at.scope) });
  if (at.kind !== "ClientCredentials") return links;
  const client = await artifacts.clientOf(at.clientId);
  if (client === undefined) return undefined;
  const registered = capabilitiesOf(client, String(client[CLIENT_SCOPE] ?? ""));
  return [...links, { owner: hashOf(at.clientId), capabilities: registered }];
}
