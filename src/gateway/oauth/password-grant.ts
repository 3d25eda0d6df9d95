/**
 * The password grant with a second factor, for programs of the Spark era, which know nothing else (RFC 9700, 2.4, forbids it
 * for new ones). Only with --particle-compat. `device_id` and `access_level` say what the token is for.
 */
import Provider, { errors, type KoaContextWithOIDC } from "oidc-provider";
import type { Accounts } from "#gateway/accounts/accounts.ts";
import type { Attempts } from "#gateway/accounts/attempts.ts";
import { PasswordsBusy } from "#gateway/accounts/password.ts";
import { GRANT, lifetimeAsked, NEVER_S } from "./grants.ts";
import { createPendingLogins } from "./pending-logins.ts";
import { tokenError } from "./refuse.ts";
import { type Capability, readCapability } from "./scope-word.ts";

interface PasswordGrantParts {
  readonly issuer: string;
  readonly accounts: Accounts;
  readonly attempts: Attempts;
  /** Takes one line for the log. */
  log(line: string): void;
  journal(entry: { who: string; what: string; device?: string; outcome: string }): void;
}

const LIFETIME_S = 3_600;
const REFUSED = "the name, the password or the code is wrong";

/** What the token is for: a unit or null for all, and a level with its limits. @throws InvalidScope */
function capabilityAsked(params: Readonly<Record<string, unknown>>): Capability {
  const [device, level] = [String(params.device_id ?? "null"), String(params.access_level ?? "all")];
  const isAll = device === "null" || device === "";
  const [word = "", ...limits] = level.split("/");
  const capability = readCapability([`${word}${isAll ? "" : `@${device.toLowerCase()}`}`, ...limits].join("/"));
  if (capability !== undefined) return capability;
  throw tokenError(
    "InvalidScope",
    "device_id and access_level say nothing (expected 24 hexadecimal digits or null, and all, noFlash or use:NAME, with limits as /0800-1800 or /uses=5)",
  );
}

export function registerPasswordGrant(provider: Provider, parts: PasswordGrantParts): void {
  const { issuer, accounts, attempts, log, journal } = parts;
  const pending = createPendingLogins();

  /** Issues both tokens. @source RFC 6749, section 5.1 */
  async function issue(
    ctx: KoaContextWithOIDC,
    name: string,
    capability: Capability,
    lifetimeS: number,
  ): Promise<void> {
    const { client } = ctx.oidc;
    if (client === undefined) throw tokenError("InvalidClient", "no client");
    const scope = capability.word;
    const grant = new provider.Grant({ accountId: name, clientId: client.clientId });
    grant.addResourceScope(issuer, scope);
    const grantId = await grant.save();
    const resource = new provider.ResourceServer(issuer, { scope, audience: issuer, accessTokenFormat: "opaque" });
    const common = { accountId: name, client, grantId, gty: GRANT.password, scope };
    const token = new provider.AccessToken({ ...common, expiresIn: lifetimeS } as never);
    token.resourceServer = resource;
    const refresh = new provider.RefreshToken({ ...common, resource: issuer, rotations: 0 } as never);
    const [access_token, refresh_token] = [await token.save(), await refresh.save()];
    journal({ who: name, what: "login", device: capability.device ?? "", outcome: scope });
    ctx.body = {
      ...{ access_token, token_type: "bearer", refresh_token, scope },
      expires_in: lifetimeS === NEVER_S ? 0 : lifetimeS,
    };
  }

  function refuse(name: string, peer: string): never {
    attempts.failed(name, peer);
    journal({ who: name, what: "login", outcome: "refused" });
    throw tokenError("InvalidGrant", REFUSED);
  }

  function checkRate(name: string, peer: string, ctx: KoaContextWithOIDC): void {
    const waitMs = attempts.waitMs(name, peer);
    if (waitMs === 0) return;
    ctx.set("retry-after", String(Math.ceil(waitMs / 1_000)));
    const refusal = new errors.CustomOIDCProviderError(
      "slow_down",
      "too many wrong logins from here; wait and try again",
    );
    throw Object.assign(refusal, { status: 429, statusCode: 429 });
  }

  async function password(ctx: KoaContextWithOIDC): Promise<void> {
    const params = ctx.oidc.params as Readonly<Record<string, unknown>>;
    const [name, secret] = [String(params.username ?? ""), String(params.password ?? "")];
    const peer = ctx.req.socket.remoteAddress ?? "";
    log(
      `password grant for ${JSON.stringify(name.slice(0, 64))} from ${peer}: kept for programs of the Spark era alone (RFC 9700, 2.4)`,
    );
    const lifetimeS = lifetimeAsked(params.expires_in) ?? LIFETIME_S;
    if (lifetimeS === "wrong") throw tokenError("InvalidRequest", "expires_in must be a number of seconds");
    const capability = capabilityAsked(params);
    checkRate(name, peer, ctx);
    try {
      if (!(await accounts.isPassword(name, secret))) refuse(name, peer);
    } catch (error) {
      if (!(error instanceof PasswordsBusy)) throw error;
      const busy = new errors.TemporarilyUnavailable(error.message);
      throw Object.assign(busy, { status: 503, statusCode: 503 });
    }
    if (accounts.find(name)?.hasSecondFactor !== true) {
      throw tokenError("InvalidGrant", "this account has no second factor; its invitation makes one");
    }
    if (params.otp === undefined) {
      const mfa_token = pending.add({ name, capability, lifetimeS, clientId: ctx.oidc.client?.clientId ?? "" });
      ctx.status = 403;
      ctx.body = { error: "mfa_required", error_description: "send the one-time code as otp", mfa_token };
      return;
    }
    if (!(await accounts.takeCode(name, String(params.otp)))) refuse(name, peer);
    attempts.succeeded(name, peer);
    await issue(ctx, name, capability, lifetimeS);
  }

  async function otp(ctx: KoaContextWithOIDC): Promise<void> {
    const params = ctx.oidc.params as Readonly<Record<string, unknown>>;
    const login = pending.find(String(params.mfa_token ?? ""));
    if (login === undefined || login.clientId !== ctx.oidc.client?.clientId) {
      throw tokenError("InvalidGrant", "this login is too old, or was used; send the password again");
    }
    const peer = ctx.req.socket.remoteAddress ?? "";
    checkRate(login.name, peer, ctx);
    if (!(await accounts.takeCode(login.name, String(params.otp ?? "")))) {
      pending.failed(String(params.mfa_token));
      refuse(login.name, peer);
    }
    // Two requests with one mfa_token: the first one's.
    if (!pending.remove(String(params.mfa_token))) throw tokenError("InvalidGrant", REFUSED);
    attempts.succeeded(login.name, peer);
    await issue(ctx, login.name, login.capability, login.lifetimeS);
  }

  const asked = ["username", "password", "otp", "device_id", "access_level", "expires_in"];
  provider.registerGrantType(GRANT.password, password as never, asked);
  provider.registerGrantType(GRANT.otp, otp as never, ["mfa_token", "otp"]);
}
