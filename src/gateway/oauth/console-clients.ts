/**
 * The clients for the console: this gateway's own, and one for each cloud that is registered here, known by the address that its
 * console is served at. A console is public, since a page has no secret that it could keep, and comes back to that address alone (RFC 9700, 2.1).
 */
import type { AdapterFactory, AdapterPayload } from "oidc-provider";
import { GRANT } from "./grants.ts";

const CONSOLE_PATH = "/console/";

/** The client of the console that a gateway or cloud at this address serves. */
export const consoleOf = (address: string): string => `${address}${CONSOLE_PATH}`;

const isConsole = (clientId: string): boolean => clientId.endsWith(CONSOLE_PATH) && URL.canParse(clientId);

/** Whether a page of this origin may ask for tokens as this client. */
export function mayCallFrom(origin: string, clientId: string): boolean {
  return isConsole(clientId) && new URL(clientId).origin === origin;
}

/** A refresh token of a page is lost with the page, and ends after a working day. */
const CONSOLE_REFRESH_S = 12 * 3_600;

export const refreshSecondsOf = (clientId: string | undefined, usualS: number): number =>
  isConsole(clientId ?? "") ? CONSOLE_REFRESH_S : usualS;

/**
 * Adds the consoles of this gateway and of registered clouds to the clients that are kept.
 * @param issuer  This gateway's own address.
 * @param isCloud Whether a registration is a cloud's.
 */
export function withConsoles(
  adapterFor: AdapterFactory,
  issuer: string,
  isCloud: (registration: Readonly<Record<string, unknown>>) => boolean,
): AdapterFactory {
  return (kind) => {
    const adapter = adapterFor(kind);
    if (kind !== "Client") return adapter;
    const find = async (id: string): Promise<AdapterPayload | undefined> => {
      const known = await adapter.find(id);
      if (known || !isConsole(id)) return known || undefined;
      if (id !== consoleOf(issuer)) {
        const cloud = await adapter.find(id.slice(0, -CONSOLE_PATH.length));
        if (!cloud || !isCloud(cloud as Readonly<Record<string, unknown>>)) return undefined;
      }
      return {
        client_id: id,
        client_name: `The console at ${new URL(id).host}`,
        token_endpoint_auth_method: "none",
        grant_types: [GRANT.code, GRANT.refresh],
        response_types: ["code"],
        redirect_uris: [id],
      } as AdapterPayload;
    };
    return Object.assign(Object.create(adapter) as typeof adapter, { find });
  };
}
