/** Clients that come with a gateway, and those that its administrators register for programs. */
import { randomBytes } from "node:crypto";
import type { AllClientMetadata, ClientMetadata } from "oidc-provider";
import { type Artifacts, hashOf } from "./artifacts.ts";
import { CLIENT_RESOURCE, CLIENT_ROLE, CLIENT_SCOPE, STAFF_SCOPE } from "./client-metadata.ts";
import { COMPAT_CLIENTS } from "./compat-request.ts";
import { GRANT } from "./grants.ts";
import type { Role } from "./rights.ts";
import { readCapability, SCOPE_WORDS_MAX, scopeTrouble } from "./scope-word.ts";

/** The command line, which is a public client: it has no secret that it could keep. */
const COMMAND_LINE: ClientMetadata = {
  client_id: "latchkey",
  client_name: "latchkey on the command line",
  application_type: "native",
  token_endpoint_auth_method: "none",
  grant_types: [GRANT.code, GRANT.device, GRANT.refresh, GRANT.exchange],
  response_types: ["code"],
  redirect_uris: ["http://127.0.0.1/callback"],
};

export function ownClients(isCompat: boolean): readonly ClientMetadata[] {
  if (!isCompat) return [COMMAND_LINE];
  const compat = COMPAT_CLIENTS.map((client_id) => ({
    client_id,
    client_name: `${client_id}, a program of the Spark era`,
    token_endpoint_auth_method: "none" as const,
    grant_types: [GRANT.password, GRANT.otp, GRANT.refresh, GRANT.exchange],
    response_types: [],
    redirect_uris: [],
  }));
  return [COMMAND_LINE, ...compat];
}

interface NewClient {
  readonly id: string;
  /** What it may do in its own name. */
  readonly role: Role;
  readonly scope: string;
  /** Where people come back to who let it act in their name; none for a program without people. */
  readonly redirectUris: readonly string[];
}

/** A registration that can't be used; one line that says what to do. */
export class ClientTrouble extends Error {
  override name = "ClientTrouble";
}

/**
 * Registers an interface that takes this gateway's tokens, as a maker's cloud: it may ask about tokens that are for it, and gets none.
 * @returns The secret, which is shown once. @throws ClientTrouble
 */
export async function registerResource(artifacts: Artifacts, url: string): Promise<string> {
  const adapter = artifacts.adapterFor("Client");
  if ((await adapter.find(url)) !== undefined) throw new ClientTrouble(`${url} is registered already`);
  const secret = randomBytes(32).toString("base64url");
  const metadata: AllClientMetadata = {
    client_id: url,
    client_secret: `sha256:${hashOf(secret)}`,
    token_endpoint_auth_method: "client_secret_basic",
    ...{ grant_types: [], response_types: [], redirect_uris: [] },
    [CLIENT_RESOURCE]: true,
  };
  await adapter.upsert(url, metadata as never);
  return secret;
}

/** @returns The secret, which is shown once. @throws ClientTrouble */
export async function registerClient(artifacts: Artifacts, client: NewClient): Promise<string> {
  const { id, role, scope, redirectUris } = client;
  if (!/^[A-Za-z0-9][\w.-]{0,63}$/.test(id) || ["latchkey", ...COMPAT_CLIENTS].includes(id)) {
    throw new ClientTrouble(
      `"${id}" is no name for a client (expected letters, digits and . _ -, and none of the gateway's own)`,
    );
  }
  const words = scope.split(" ");
  if (words.length > SCOPE_WORDS_MAX) throw new ClientTrouble(`the scope has more than ${SCOPE_WORDS_MAX} words`);
  const wrong = words.find((word) => word !== STAFF_SCOPE && readCapability(word) === undefined);
  if (wrong !== undefined) throw new ClientTrouble(`${scopeTrouble(wrong)}; staff is for a cloud`);
  const adapter = artifacts.adapterFor("Client");
  if ((await adapter.find(id)) !== undefined) throw new ClientTrouble(`there is a client ${id} already`);
  const secret = randomBytes(32).toString("base64url");
  const metadata: AllClientMetadata = {
    client_id: id,
    client_secret: `sha256:${hashOf(secret)}`,
    token_endpoint_auth_method: "client_secret_basic",
    grant_types: [GRANT.client, GRANT.exchange, ...(redirectUris.length > 0 ? [GRANT.code, GRANT.refresh] : [])],
    response_types: redirectUris.length > 0 ? ["code"] : [],
    redirect_uris: [...redirectUris],
    [CLIENT_ROLE]: role,
    [CLIENT_SCOPE]: scope,
  };
  await adapter.upsert(id, metadata as never);
  return secret;
}
