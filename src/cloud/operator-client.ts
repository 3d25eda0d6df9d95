/** How the operator's tools talk to a running cloud. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { OPERATOR_KEY_FILE, RUNNING_FILE } from "./cloud.ts";

/** The cloud can't be reached or refuses. The message is one line that says what to do. */
export class CloudTrouble extends Error {
  override name = "CloudTrouble";
}

export interface OperatorClient {
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body: object | Uint8Array): Promise<T>;
}

/**
 * A client of the cloud that runs on this data folder, or of the one at `url` with the key in `keyFile`.
 * @throws CloudTrouble when no cloud runs there, or the key can't be read.
 */
export function operatorClient(where: {
  readonly data: string;
  readonly url?: string;
  readonly keyFile?: string;
}): OperatorClient {
  let key: string;
  let url: string;
  const keyFile = where.keyFile ?? join(where.data, OPERATOR_KEY_FILE);
  try {
    key = readFileSync(keyFile, "utf8").trim();
    url = where.url ?? (JSON.parse(readFileSync(join(where.data, RUNNING_FILE), "utf8")) as { url: string }).url;
  } catch {
    throw new CloudTrouble(
      `no cloud runs on ${where.data}; start one with: latchkey cloud --data ${where.data}, or name --url and --operator-key`,
    );
  }
  const ask = async <T>(path: string, init: RequestInit): Promise<T> => {
    let response: Response;
    try {
      response = await fetch(new URL(path, url), {
        ...init,
        headers: { ...init.headers, authorization: `Bearer ${key}` },
      });
    } catch {
      throw new CloudTrouble(`the cloud at ${url} doesn't answer; is it running?`);
    }
    const body = (await response.json().catch(() => ({}))) as T & { error?: string };
    if (response.status === 401) throw new CloudTrouble(`the cloud at ${url} refuses the operator key in ${keyFile}`);
    if (!response.ok) throw new CloudTrouble(body.error ?? `the cloud at ${url} answered ${response.status}`);
    return body;
  };
  return {
    get: (path) => ask(path, {}),
    post: (path, body) =>
      body instanceof Uint8Array
        ? ask(path, {
            method: "POST",
            body: Buffer.from(body),
            headers: { "content-type": "application/octet-stream" },
          })
        : ask(path, { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  };
}
