/** The gateway's own key: what owners delegated to it, and what is left of that when it is replaced. */
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { toHex } from "#base/bytes.ts";
import { startGateway } from "#gateway/gateway.ts";
import type { GatewayKeyView } from "#gateway/http/interface.ts";
import { mintShare } from "#phone/share.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { readSecretFile } from "#trust/host/secret-file.ts";
import { LEVEL } from "#wire/grants/scope.ts";
import { ownerSeed, startWorld } from "./gateway-world.ts";

it("a gateway with a new key starts, names the units that wait for their owners, and takes what they delegate anew", async () => {
  const world = await startWorld({}, 1);
  const unit = world.units[0];
  if (unit === undefined) throw new Error("no unit");
  await world.add(unit);
  const before = (await (await world.get("/v1/gateway/key", world.bootstrapKey())).json()) as GatewayKeyView;
  const by = toHex(primitives.ed25519PublicKey(ownerSeed));
  const delegation = { id: unit.id, by, mayFlash: true, isStale: false, expiresMs: null };
  expect(before).toMatchObject({ isCredential: false, delegations: [delegation] });

  const folder = mkdtempSync(join(tmpdir(), "latchkey-gateway-key-"));
  const data = join(folder, "data");
  cpSync(join(world.folder, "data"), data, { recursive: true });
  rmSync(join(data, "gateway.key"));
  const logged: string[] = [];
  const gateway = await startGateway({
    ...{ data, host: "127.0.0.1", port: 0, isCompat: false, log: (line) => void logged.push(line) },
    onFatal: (error) => void logged.push(`fatal: ${error}`),
  });
  const key = readSecretFile(join(data, "bootstrap.key")).trim();
  const ask = (method: string, path: string, body?: object) =>
    fetch(new URL(path, gateway.url), {
      ...{ method, headers: { authorization: `Bearer ${key}`, "content-type": "application/json" } },
      ...(body && { body: JSON.stringify(body) }),
    });
  try {
    expect(logged).toEqual([expect.stringMatching(new RegExp(`${unit.id}.*another key.*phone share --to-gateway`))]);
    const after = (await (await ask("GET", "/v1/gateway/key")).json()) as GatewayKeyView;
    expect(after).toMatchObject({ key: toHex(gateway.publicKey), delegations: [{ ...delegation, isStale: true }] });
    expect(after.sinceMs).toBeGreaterThan(before.sinceMs);

    const { code } = (await (await ask("POST", "/v1/gateway/invitations", {})).json()) as { code: string };
    const share = { guestKey: gateway.publicKey, scope: LEVEL.noFlash, caveats: [] };
    const chain = toHex(mintShare(primitives, unit.grant, 0, ownerSeed, share).chain);
    const place = { host: "127.0.0.1", port: unit.server.port };
    const brought = await ask("POST", "/v1/gateway/units", { code, id: unit.id, name: "lamp", chain, ...place });
    expect(await brought.json()).toMatchObject({ connected: true });
    const anew = (await (await ask("GET", "/v1/gateway/key")).json()) as GatewayKeyView;
    expect(anew.delegations).toMatchObject([{ id: unit.id, isStale: false, mayFlash: false }]);
    expect(anew.sinceMs).toBe(after.sinceMs);
  } finally {
    await gateway.close();
    await world.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
