/** The HTTP client with which the operator's tools talk to a running cloud. */
import { join } from "node:path";
import { isPlainUrl, redactUrl } from "#base/redact-url.ts";
import { OPERATOR_KEY_FILE } from "#cloud/cloud.ts";
import { readRunning } from "#cloud/running-file.ts";
import { accessTokenFor, loginFile, type Program, programToken, readLogin } from "#trust/host/login-file.ts";
import { SecretFileError } from "#trust/host/secret-file.ts";
import { readAuthority } from "#trust/host/tls-files.ts";
import { requestCloud } from "./operator-request.ts";
import { readSharedKey } from "./shared-key.ts";

/** The cloud can't be reached or refuses. The message is one line that says what to do. */
export class CloudTrouble extends Error {
  override name = "CloudTrouble";
}

export interface OperatorClient {
  /** Where the cloud is reached. */
  readonly url: string;
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body: object | Uint8Array): Promise<T>;
}

/** @throws CloudTrouble for what is no URL of a cloud. */
function checkUrl(url: string): void {
  // Also where the scheme is missing.
  const shown = redactUrl(url).replace(/^.*@/, "");
  if (!/^https?:\/\//i.test(url)) {
    throw new CloudTrouble(
      `--url ${shown} has no scheme (expected http:// or https:// before it, as https://cloud.example:8080)`,
    );
  }
  if (url.includes("@")) {
    throw new CloudTrouble(`--url ${shown}: leave user and password out; the operator key lets you in`);
  }
  if (!isPlainUrl(url) || !URL.canParse(url)) {
    throw new CloudTrouble(`--url ${shown} can't be read (expected as https://cloud.example:8080)`);
  }
}

/**
 * A client of the cloud that runs on this data folder, or of the one at `url` with the key in `keyFile`.
 * @throws CloudTrouble when no cloud runs there, or the key can't be read.
 */
export function operatorClient(where: {
  readonly data: string;
  readonly url?: string;
  readonly keyFile?: string;
  /** PEM file of the authority behind a cloud elsewhere; the system's own when absent. */
  readonly caFile?: string;
  /** A program that acts in its own name, in place of the key or a login. */
  readonly program?: Program;
}): OperatorClient {
  let key: string | undefined;
  let running: { readonly url: string; readonly fingerprint?: string };
  if (where.url !== undefined) checkUrl(where.url);
  let ca: string | undefined;
  const keyFile = where.keyFile ?? join(where.data, OPERATOR_KEY_FILE);
  try {
    running = where.url === undefined ? readRunning(where.data) : { url: where.url };
    // Who is logged in needs no key; one that is named goes before a login.
    const isLoggedIn = where.keyFile === undefined && readLogin(loginFile(), running.url) !== undefined;
    key = isLoggedIn || where.program !== undefined ? undefined : readSharedKey(keyFile);
  } catch (error) {
    if (error instanceof SecretFileError) throw new CloudTrouble(error.message);
    throw new CloudTrouble(
      `no cloud runs on ${where.data}; start one with: latchkey cloud --data ${where.data}, or name --url and --operator-key`,
    );
  }
  if (where.caFile !== undefined) ca = readAuthority("--ca", where.caFile).toString("utf8");
  const { url, fingerprint } = running;
  const ask = async <T>(method: string, path: string, body?: Uint8Array | string): Promise<T> => {
    const kind = body instanceof Uint8Array ? "application/octet-stream" : "application/json";
    const token = key ?? (await (where.program ? programToken(where.program, url) : accessTokenFor(loginFile(), url)));
    if (token === undefined && where.program !== undefined)
      throw new CloudTrouble(
        `${where.program.issuer} gives ${where.program.client} no token for ${url}; see its secret, and that its scope has staff`,
      );
    if (token === undefined)
      throw new CloudTrouble(`the login at ${url} has ended; run: latchkey login ${url} --issuer URL`);
    const headers = { authorization: `Bearer ${token}`, ...(body !== undefined && { "content-type": kind }) };
    const sent = { method, headers, ...(body !== undefined && { body }) };
    const answer = await requestCloud(new URL(path, url), sent, { fingerprint, ca }).catch((error: Error) => {
      throw new CloudTrouble(`the cloud at ${url} doesn't answer (${error.message}); is it running?`);
    });
    let told: T & { error?: string };
    try {
      told = JSON.parse(answer.text);
    } catch {
      told = {} as T & { error?: string };
    }
    if (answer.status === 401) {
      const by = where.program?.client ?? (key === undefined ? "this login" : `the operator key in ${keyFile}`);
      throw new CloudTrouble(`the cloud at ${url} refuses ${by}${told.error === undefined ? "" : ` (${told.error})`}`);
    }
    if (answer.status >= 300) throw new CloudTrouble(told.error ?? `the cloud at ${url} answered ${answer.status}`);
    return told;
  };
  return {
    url,
    get: (path) => ask("GET", path),
    post: (path, body) => ask("POST", path, body instanceof Uint8Array ? body : JSON.stringify(body)),
  };
}
