/**
 * Who is logged in: authorization code with PKCE at the cloud's issuer. Tokens are in this module's memory alone and end with the page;
 * what survives the way to the issuer and back, in the tab's storage, is the proof key's verifier and where one was.
 * @source RFC 6749, RFC 7636; RFC 9207 (the issuer names itself in its answer); RFC 8707 (the token is for this cloud)
 */
import type { ConsoleConfig } from "#cloud/http/interface.ts";
import type { GatewayConsoleConfig } from "#gateway/http/interface.ts";

/** Who serves this page: a cloud, or the gateway that has the accounts. */
type Party = "cloud" | "gateway";

export interface Config {
  readonly party: Party;
  readonly issuer: string;
  readonly audience: string;
}

/** What a login asks for: at a gateway its units, and what runs it. */
const SCOPES = { cloud: "staff", gateway: "all staff" } as const;

interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string | undefined;
  readonly expiresMs: number;
}

interface Pending {
  readonly state: string;
  readonly verifier: string;
  /** The view that was open. */
  readonly hash: string;
}

/** What the issuer sent back with the browser. */
interface Answer {
  readonly state: string;
  readonly code: string | null;
  readonly issuer: string | null;
  readonly error: string | null;
}

const PENDING = "latchkey.console.login";
const CHANNEL = "latchkey.console.login";
/** Marks the state of a login in a window of its own, which hands its answer over and closes. */
const POPUP = "popup-";
const EARLY_MS = 60_000;
/**
 * How long a window may take to load once it comes back from the issuer: from then on it counts as closed, by this page's
 * Cross-Origin-Opener-Policy.
 */
const RETURN_MS = 10_000;

let tokens: Tokens | undefined;
let refreshing: Promise<void> | undefined;

export const completeConfig = ({
  party,
  issuer,
  audience,
}: ConsoleConfig | GatewayConsoleConfig): Config | undefined =>
  issuer === undefined || audience === undefined ? undefined : { party, issuer, audience };

const clientOf = ({ audience }: Config) => `${audience}/console/`;

const base64Url = (bytes: Uint8Array) =>
  btoa(String.fromCharCode(...bytes))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=/g, "");
const randomText = () => base64Url(crypto.getRandomValues(new Uint8Array(32)));

async function authorizeUrl(config: Config, { state, verifier }: Pending, prompt?: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  const url = new URL("/oauth/authorize", config.issuer);
  url.search = new URLSearchParams({
    ...{ client_id: clientOf(config), redirect_uri: clientOf(config), response_type: "code" },
    ...{ scope: SCOPES[config.party], resource: config.audience, state },
    ...{ code_challenge: base64Url(new Uint8Array(digest)), code_challenge_method: "S256" },
    ...(prompt !== undefined && { prompt }),
  }).toString();
  return url.href;
}

/** Leaves for the issuer's login page; the browser comes back to the console. */
export async function beginLogin(config: Config): Promise<void> {
  const pending = { state: randomText(), verifier: randomText(), hash: location.hash };
  sessionStorage.setItem(PENDING, JSON.stringify(pending));
  location.assign(await authorizeUrl(config, pending));
}

async function ask(config: Config, fields: Readonly<Record<string, string>>): Promise<void> {
  const answer = await fetch(new URL("/oauth/token", config.issuer), {
    method: "POST",
    body: new URLSearchParams({ ...fields, client_id: clientOf(config), resource: config.audience }),
    redirect: "error",
  });
  const told = (await answer.json()) as Readonly<Record<string, unknown>>;
  if (!answer.ok || typeof told.access_token !== "string")
    throw new Error(String(told.error_description ?? told.error));
  tokens = {
    accessToken: told.access_token,
    refreshToken: typeof told.refresh_token === "string" ? told.refresh_token : undefined,
    expiresMs: performance.now() + Number(told.expires_in ?? 0) * 1_000,
  };
}

/** @throws Error for an answer to a question that nobody asked here, or of somebody else. */
async function take(config: Config, answer: Answer, pending: Pending | undefined): Promise<void> {
  if (pending === undefined || answer.state !== pending.state || answer.issuer !== config.issuer) {
    throw new Error("this login was not begun here");
  }
  if (answer.code === null) throw new Error(answer.error ?? "no code came");
  const { verifier: code_verifier } = pending;
  await ask(config, {
    ...{ grant_type: "authorization_code", code: answer.code, code_verifier },
    redirect_uri: clientOf(config),
  });
}

/** Takes the answer out of the address, where there is one. */
function answerInAddress(): Answer | undefined {
  const query = new URLSearchParams(location.search);
  const state = query.get("state");
  if (state === null) return undefined;
  const { code, issuer, error } = { code: query.get("code"), issuer: query.get("iss"), error: query.get("error") };
  return { state, code, issuer, error };
}

/** In a window that was opened for a login: hands the answer over and closes. @returns Whether this is such a window. */
export function handOver(): boolean {
  const answer = answerInAddress();
  if (answer?.state.startsWith(POPUP) !== true) return false;
  history.replaceState(null, "", location.pathname);
  const channel = new BroadcastChannel(CHANNEL);
  channel.postMessage(answer);
  channel.close();
  window.close();
  return true;
}

/** Ends the login that the address holds the answer of. @returns Whether somebody is logged in now. */
export async function finishLogin(config: Config): Promise<boolean> {
  const answer = answerInAddress();
  if (answer === undefined) return false;
  const stored = sessionStorage.getItem(PENDING);
  sessionStorage.removeItem(PENDING);
  const pending = stored === null ? undefined : (JSON.parse(stored) as Pending);
  history.replaceState(null, "", `${location.pathname}${pending?.hash ?? ""}`);
  await take(config, answer, pending);
  return true;
}

/** Asks for password and second factor anew, in a window of its own. Called while a press is handled, or no window opens. */
export async function logInAgain(config: Config): Promise<void> {
  const window_ = window.open("about:blank", "_blank", "popup,width=520,height=720");
  if (window_ === null) throw new Error("the browser opened no window; allow pop-ups for this page");
  const pending = { state: `${POPUP}${randomText()}`, verifier: randomText(), hash: "" };
  const channel = new BroadcastChannel(CHANNEL);
  const coming = new Promise<Answer>((resolve, reject) => {
    channel.onmessage = ({ data }: MessageEvent<Answer>) => data.state === pending.state && resolve(data);
    const watch = setInterval(() => {
      if (!window_.closed) return;
      clearInterval(watch);
      setTimeout(() => reject(new Error("the window was closed")), RETURN_MS);
    }, 500);
  });
  try {
    window_.location.href = await authorizeUrl(config, pending, "login");
    await take(config, await coming, pending);
  } finally {
    channel.close();
    window_.close();
  }
}

/** The access token, fresh for a minute at least; undefined where nobody is logged in any more. */
export async function accessToken(config: Config): Promise<string | undefined> {
  if (tokens !== undefined && tokens.expiresMs - EARLY_MS < performance.now()) {
    const { refreshToken } = tokens;
    if (refreshToken === undefined) tokens = undefined;
    else {
      // A refresh token works once: whoever asks meanwhile waits for the same answer.
      refreshing ??= ask(config, { grant_type: "refresh_token", refresh_token: refreshToken })
        .catch(() => {
          tokens = undefined;
        })
        .finally(() => {
          refreshing = undefined;
        });
      await refreshing;
    }
  }
  return tokens?.accessToken;
}

/** Forgets the tokens, and tells the issuer. */
export async function logOut(config: Config): Promise<void> {
  const token = tokens?.refreshToken ?? tokens?.accessToken;
  tokens = undefined;
  if (token === undefined) return;
  await fetch(new URL("/oauth/revoke", config.issuer), {
    method: "POST",
    body: new URLSearchParams({ token, client_id: clientOf(config) }),
  }).catch(() => undefined);
}

export const forget = (): void => {
  tokens = undefined;
};
