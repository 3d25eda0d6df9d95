/**
 * What the authorization server keeps: tokens, codes, grants, browser sessions and clients. The store has the hash of each
 * value instead of the value, so whoever reads it has no token. A write that was acknowledged is on the disk.
 */
import { createHash, randomBytes } from "node:crypto";
import type { Adapter, AdapterFactory, AdapterPayload } from "oidc-provider";
import type { ArtifactRow, GatewayStore } from "#gateway/store/schema.ts";

export const hashOf = (value: string): string => createHash("sha256").update(value).digest("hex");

/** A token of one of these kinds is shown with requests. */
type TokenKind = "AccessToken" | "ClientCredentials";

/** What is kept of an access token. */
export interface StoredToken {
  readonly hash: string;
  readonly kind: TokenKind;
  readonly clientId: string;
  /** The account in whose name it is; undefined for a program in its own. */
  readonly account: string | undefined;
  readonly scope: string;
  readonly audience: readonly string[];
  readonly expiresS: number;
  /** Thumbprint of the key that it is bound to (RFC 9449). */
  readonly jkt: string | undefined;
  /** The tokens of one login share it; undefined for a program's. */
  readonly grantId: string | undefined;
  /** Unix seconds of the login with password and second factor; undefined for a program's. */
  readonly authenticatedS: number | undefined;
  /** Hash of the token that it was exchanged for: both must allow what is done. */
  readonly under: string | undefined;
}

/** Where an exchanged token has the hash of the one that it came from. */
export const EXTRA_UNDER = "latchkey_under";

/** What the payload of a token holds besides what the library's types say. */
interface TokenPayload extends AdapterPayload {
  readonly jkt?: string;
  readonly extra?: { readonly auth_time?: unknown; readonly [EXTRA_UNDER]?: string };
}

/** A token in a list: what its holder may know of it, without the token. */
export interface TokenSummary {
  /** The first 16 digits of its hash. */
  readonly id: string;
  readonly account: string;
  readonly kind: string;
  readonly clientId: string;
  readonly scope: string;
  /** The interfaces that it is for. */
  readonly resources: readonly string[];
  readonly grantId: string;
  readonly issuedS: number;
  readonly expiresS: number;
}

export interface Artifacts {
  readonly adapterFor: AdapterFactory;
  /** The access token with this value, expired or not: the same object until it changes. */
  tokenOf(value: string): Promise<StoredToken | undefined>;
  /** The same, by the hash of its value. */
  tokenByHash(hash: string): Promise<StoredToken | undefined>;
  /** The access and refresh tokens of an account, or of all of them, that are still good. */
  tokensOf(account?: string): Promise<readonly TokenSummary[]>;
  /** Ends one token of an account by the start of its hash, and all of the same login. @returns Whether there was one. */
  revokeById(account: string, id: string): Promise<boolean>;
  /** Ends everything that was issued in an account's name. */
  revokeAccount(account: string): Promise<void>;
  /** Ends a token by its value, and all tokens of the same login. @returns Whether there was one. */
  revokeByValue(value: string): Promise<boolean>;
  /** The registration of a client that is not the gateway's own. */
  clientOf(id: string): Promise<Readonly<Record<string, unknown>> | undefined>;
  /** All registrations that are not the gateway's own. */
  clients(): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** Ends a registration: its own tokens end with it, and nobody's tokens are given to it. @returns Whether there was one. */
  removeClient(id: string): Promise<boolean>;
  /** Removes what has expired. */
  sweep(nowS: number): Promise<void>;
}

const TOKENS: readonly string[] = ["AccessToken", "ClientCredentials"] satisfies TokenKind[];
const LISTED = [...TOKENS, "RefreshToken"];
const CACHED = [...TOKENS, "Client"];
/** Access tokens and clients that are kept in memory as well, since each request asks for one. */
const CACHED_MAX = 20_000;
const NEVER_S = 9_000_000_000;

function readToken({ hash, kind, account, payload, expires_s }: ArtifactRow): StoredToken {
  const { clientId = "", scope = "", aud, jkt, grantId, extra } = JSON.parse(payload) as TokenPayload;
  return {
    ...{ hash, kind: kind as TokenKind, clientId, scope, jkt, expiresS: expires_s, under: extra?.[EXTRA_UNDER] },
    account: account === "" ? undefined : account,
    audience: [aud ?? []].flat(),
    grantId,
    authenticatedS: typeof extra?.auth_time === "number" ? extra.auth_time : undefined,
  };
}

export function createArtifacts(store: GatewayStore): Artifacts {
  /** A value that is found by something else than itself, as a device grant by its user code, is known by its hash alone. */
  const known = `${randomBytes(16).toString("hex")}:`;
  const keyOf = (value: string) => (value.startsWith(known) ? value.slice(known.length) : hashOf(value));
  const cache = new Map<string, ArtifactRow>();
  /** What was read from cached rows, so that a call parses nothing. */
  const tokens = new WeakMap<ArtifactRow, StoredToken>();
  const clients = new WeakMap<ArtifactRow, Readonly<Record<string, unknown>>>();
  /** Counts what was removed: a row that was read meanwhile may be gone, and is not kept. */
  let removals = 0;

  const remember = (row: ArtifactRow) => {
    if (!CACHED.includes(row.kind)) return;
    const oldest = cache.keys().next();
    if (cache.size >= CACHED_MAX && !oldest.done) cache.delete(oldest.value);
    cache.set(`${row.kind} ${row.hash}`, row);
  };
  const forget = (matches: (row: ArtifactRow) => boolean) => {
    removals++;
    for (const [key, row] of cache) if (matches(row)) cache.delete(key);
  };
  const rowOf = async (kind: string, hash: string): Promise<ArtifactRow | undefined> => {
    const cached = cache.get(`${kind} ${hash}`);
    if (cached !== undefined) return cached;
    // A token of a program is asked for as a person's first: it is known not to be one.
    if (kind === "AccessToken" && cache.has(`ClientCredentials ${hash}`)) return undefined;
    const before = removals;
    const row = await store.db
      .selectFrom("artifacts")
      .selectAll()
      .where("kind", "=", kind)
      .where("hash", "=", hash)
      .executeTakeFirst();
    if (row !== undefined && removals === before) remember(row);
    return row;
  };
  const payloadOf = (row: ArtifactRow | undefined, value?: string): AdapterPayload | undefined =>
    row && { ...(JSON.parse(row.payload) as AdapterPayload), jti: value ?? `${known}${row.hash}` };
  const put = async (row: ArtifactRow) => {
    await store.write(async (tx) => {
      await tx
        .insertInto("artifacts")
        .values(row)
        .onConflict((conflict) =>
          conflict.columns(["kind", "hash"]).doUpdateSet((each) => ({
            payload: each.ref("excluded.payload"),
            grant_id: each.ref("excluded.grant_id"),
            account: each.ref("excluded.account"),
            second: each.ref("excluded.second"),
            expires_s: each.ref("excluded.expires_s"),
          })),
        )
        .execute();
    });
    remember(row);
  };
  const removeGrant = async (grantId: string) => {
    await store.write(async (tx) => {
      await tx.deleteFrom("artifacts").where("grant_id", "=", grantId).execute();
    });
    forget((row) => row.grant_id === grantId);
  };
  /** Ends a login: its tokens, and the grant that signed tokens for other interfaces are asked about. */
  const endLogin = async (grantId: string) => {
    await removeGrant(grantId);
    await remove("Grant", hashOf(grantId));
  };
  const remove = async (kind: string, hash: string) => {
    await store.write(async (tx) => {
      await tx.deleteFrom("artifacts").where("kind", "=", kind).where("hash", "=", hash).execute();
    });
    removals++;
    cache.delete(`${kind} ${hash}`);
  };

  const adapterFor = (kind: string): Adapter => {
    const bySecond = async (value: string) =>
      store.db
        .selectFrom("artifacts")
        .selectAll()
        .where("kind", "=", kind)
        .where("second", "=", hashOf(value))
        .executeTakeFirst();
    return {
      async upsert(id, { jti: _, ...payload }, expiresInS) {
        const { grantId, accountId, uid, userCode } = payload;
        const second = kind === "Session" ? uid : userCode;
        await put({
          kind,
          hash: keyOf(id),
          payload: JSON.stringify(payload),
          grant_id: grantId ?? "",
          account: accountId ?? "",
          second: second === undefined ? "" : hashOf(second),
          expires_s: payload.exp ?? (expiresInS ? Math.floor(Date.now() / 1_000) + expiresInS : NEVER_S),
        });
      },
      find: async (id) => payloadOf(await rowOf(kind, keyOf(id)), id),
      findByUid: async (uid) => payloadOf(await bySecond(uid)),
      findByUserCode: async (userCode) => payloadOf(await bySecond(userCode)),
      async consume(id) {
        const row = await rowOf(kind, keyOf(id));
        if (row === undefined) return;
        const payload = { ...(JSON.parse(row.payload) as AdapterPayload), consumed: Math.floor(Date.now() / 1_000) };
        await put({ ...row, payload: JSON.stringify(payload) });
      },
      destroy: (id) => remove(kind, keyOf(id)),
      revokeByGrantId: removeGrant,
    };
  };

  const tokenByHash = async (hash: string): Promise<StoredToken | undefined> => {
    const row =
      cache.get(`AccessToken ${hash}`) ??
      cache.get(`ClientCredentials ${hash}`) ??
      (await rowOf("AccessToken", hash)) ??
      (await rowOf("ClientCredentials", hash));
    if (row === undefined) return undefined;
    const known = tokens.get(row) ?? readToken(row);
    tokens.set(row, known);
    return known;
  };

  return {
    ...{ adapterFor, tokenByHash },
    tokenOf: (value) => tokenByHash(hashOf(value)),
    async tokensOf(account) {
      const nowS = Math.floor(Date.now() / 1_000);
      let found = store.db
        .selectFrom("artifacts")
        .selectAll()
        .where("kind", "in", LISTED)
        .where("expires_s", ">", nowS);
      if (account !== undefined) found = found.where("account", "=", account);
      return (await found.execute()).flatMap((row) => {
        const { clientId = "", scope = "", iat = 0, consumed, ...more } = JSON.parse(row.payload) as AdapterPayload;
        if (consumed) return [];
        const resources = [more.aud ?? more.resource ?? []].flat().map(String);
        return {
          ...{ id: row.hash.slice(0, 16), account: row.account, kind: row.kind, clientId, scope, resources },
          ...{ grantId: row.grant_id },
          ...{ issuedS: iat, expiresS: row.expires_s },
        };
      });
    },
    async revokeById(account, id) {
      const rows = await store.db
        .selectFrom("artifacts")
        .selectAll()
        .where("account", "=", account)
        .where("kind", "in", LISTED)
        .execute();
      const row = rows.find(({ hash }) => hash.startsWith(id) && id.length === 16);
      if (row === undefined) return false;
      await (row.grant_id === "" ? remove(row.kind, row.hash) : endLogin(row.grant_id));
      return true;
    },
    async revokeAccount(account) {
      await store.write(async (tx) => {
        await tx.deleteFrom("artifacts").where("account", "=", account).execute();
      });
      forget((row) => row.account === account);
    },
    async revokeByValue(value) {
      for (const kind of LISTED) {
        const row = await rowOf(kind, hashOf(value));
        if (row === undefined) continue;
        await (row.grant_id === "" ? remove(row.kind, row.hash) : endLogin(row.grant_id));
        return true;
      }
      return false;
    },
    async clientOf(id) {
      const row = await rowOf("Client", hashOf(id));
      if (row === undefined) return undefined;
      const known = clients.get(row) ?? (JSON.parse(row.payload) as Readonly<Record<string, unknown>>);
      clients.set(row, known);
      return known;
    },
    async clients() {
      const rows = await store.db.selectFrom("artifacts").select("payload").where("kind", "=", "Client").execute();
      return rows.map(({ payload }) => JSON.parse(payload) as Readonly<Record<string, unknown>>);
    },
    async removeClient(id) {
      if ((await rowOf("Client", hashOf(id))) === undefined) return false;
      await remove("Client", hashOf(id));
      return true;
    },
    async sweep(nowS) {
      await store.write(async (tx) => {
        await tx.deleteFrom("artifacts").where("expires_s", "<", nowS).execute();
      });
      forget(({ expires_s }) => expires_s < nowS);
    },
  };
}
