/** A gateway that is killed under load: nothing that it acknowledged is gone when it starts again. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { type Child, startProgram } from "#boards/sim/host/child.ts";
import { readSecretFile } from "#trust/host/secret-file.ts";

const data = mkdtempSync(join(tmpdir(), "latchkey-gateway-kill-"));
let gateway: Child;
let [url, port] = ["", 0];

async function start(): Promise<void> {
  gateway = startProgram("src/cli/main.ts", ["gateway", "--data", data, "--http-port", String(port)]);
  ({ url, http: port } = await new Promise<{ url: string; http: number }>((resolve, reject) => {
    gateway.onLine((line) => line.startsWith("{") && resolve(JSON.parse(line)));
    void gateway.exited.then(() => reject(new Error(gateway.errors())));
  }));
}
afterAll(async () => {
  await gateway.stop();
  rmSync(data, { recursive: true, force: true });
});

async function send(method: string, path: string, bearer: string, body?: object): Promise<Response> {
  const headers = { authorization: `Bearer ${bearer}`, "content-type": "application/json" };
  return fetch(new URL(path, url), { method, headers, ...(body && { body: JSON.stringify(body) }) });
}

/** What was acknowledged: each is added after the answer came. */
const acknowledged = { tokens: new Set<string>(), revoked: new Set<string>(), events: new Set<string>() };
const WORKERS = 4;

/** Gets tokens, publishes by them and revokes every other, until the gateway is gone. */
async function work(name: string, secret: string): Promise<void> {
  const authorization = `Basic ${Buffer.from(`load:${secret}`).toString("base64")}`;
  for (let round = 0; ; round++) {
    const asked = new URLSearchParams({ grant_type: "client_credentials", scope: "noFlash" });
    const answer = await fetch(new URL("/oauth/token", url), {
      method: "POST",
      headers: { authorization },
      body: asked,
    });
    const { access_token: token } = (await answer.json()) as { access_token: string };
    acknowledged.tokens.add(token);
    const event = `${name}.${round}`;
    if ((await send("POST", "/v1/devices/events", token, { name: event })).ok) acknowledged.events.add(event);
    if (round % 2 === 1) continue;
    // Whether a revocation that nobody acknowledged was done, nobody can say.
    acknowledged.tokens.delete(token);
    if ((await send("DELETE", `/v1/access_tokens/${token}`, token)).ok) acknowledged.revoked.add(token);
  }
}

it("loses no token, no revocation and no entry of the journal to kill -9", async () => {
  await start();
  const key = readSecretFile(join(data, "bootstrap.key")).trim();
  const registered = await send("POST", "/v1/gateway/clients", key, { id: "load", role: "support", scope: "noFlash" });
  const { secret } = (await registered.json()) as { secret: string };
  for (let kill = 0; kill < 3; kill++) {
    const before = acknowledged.events.size;
    const workers = Array.from({ length: WORKERS }, (_, worker) =>
      work(`${kill}.${worker}`, secret).catch(() => undefined),
    );
    while (acknowledged.events.size < before + 10 + 3 * kill) await new Promise((resolve) => setTimeout(resolve, 1));
    await gateway.kill();
    await Promise.all(workers);
    await start();

    const status = async (token: string) => (await send("GET", "/v1/access_tokens/current", token)).status;
    expect(new Set(await Promise.all([...acknowledged.tokens].map(status)))).toEqual(new Set([200]));
    expect(new Set(await Promise.all([...acknowledged.revoked].map(status)))).toEqual(new Set([401]));
    const journal = await send("GET", "/v1/gateway/journal", key);
    const { entries, changed } = (await journal.json()) as { entries: { what: string }[]; changed: number[] };
    const written = entries.map(({ what }) => what).filter((what) => what.startsWith("publish "));
    expect(written.filter((what) => acknowledged.events.has(what.slice(8))).sort()).toEqual(
      [...acknowledged.events].map((name) => `publish ${name}`).sort(),
    );
    expect(changed).toEqual([]);
  }
});
