/** One request to the server that this page came from, with the token of whoever is logged in. */
import { type Body, Refused } from "./client.ts";
import { accessToken, type Config } from "./session.ts";

export type Method = "GET" | "POST" | "PUT" | "DELETE";

/** How a cloud refuses, and how a gateway does. */
interface Refusal {
  readonly error?: string;
  readonly code?: string;
  readonly error_description?: string;
}

async function refusedBy(answer: Response): Promise<Refused> {
  const told = (await answer.json().catch(() => ({}))) as Refusal;
  const { error = `HTTP ${answer.status}`, error_description: said } = told;
  return said === undefined ? new Refused(answer.status, error, told.code) : new Refused(answer.status, said, error);
}

/** @throws Refused */
export async function ask(
  config: Config,
  path: string,
  { method = "GET", body, signal }: { method?: Method; body?: Body | undefined; signal?: AbortSignal } = {},
): Promise<Response> {
  const token = await accessToken(config);
  if (token === undefined) throw new Refused(401, "");
  const isBytes = body instanceof Uint8Array;
  const type = isBytes ? "application/octet-stream" : "application/json";
  const answer = await fetch(path, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body !== undefined && { "content-type": type }) },
    ...(body !== undefined && { body: isBytes ? body : JSON.stringify(body) }),
    ...(signal && { signal }),
  }).catch((error: Error) => {
    throw new Refused(0, error.message);
  });
  if (!answer.ok) throw await refusedBy(answer);
  return answer;
}
