import { expect, it } from "vitest";
import { freePort } from "#base/host/free-port.ts";
import { startWorld, type World } from "./gateway-world.ts";

async function callBy(world: World): Promise<readonly unknown[]> {
  const unit = world.units[0];
  if (unit === undefined) throw new Error("no unit");
  await world.add(unit);
  const scope = `noFlash@${unit.id}/lan`;
  const made = await world.send(
    "POST",
    "/v1/gateway/clients",
    { id: "panel", role: "support", scope },
    world.bootstrapKey(),
  );
  const { secret } = (await made.json()) as { secret: string };
  const authorization = `Basic ${Buffer.from(`panel:${secret}`).toString("base64")}`;
  const wider = { grant_type: "client_credentials", scope: `noFlash@${unit.id}` };
  const asked = await world.form("/oauth/token", wider, { authorization });
  const { scope: granted } = (await asked.json()) as { scope?: string };
  const given = await world.form("/oauth/token", { ...wider, scope }, { authorization });
  const { access_token } = (await given.json()) as { access_token: string };
  const call = await world.send("POST", `/v1/devices/${unit.id}/dim`, { args: { to: 30 } }, access_token);
  return [granted ?? "", call.status, unit.server.calls.at(-1)];
}

it("a token for the network calls from there, and gives no token for elsewhere", async () => {
  const world = await startWorld({}, 1);
  try {
    expect(await callBy(world)).toEqual(["", 200, "dim"]);
  } finally {
    await world.close();
  }
});

it("behind a proxy, which --url says, nobody is near", async () => {
  const port = await freePort();
  const world = await startWorld({ port, url: `http://127.0.0.1:${port}` }, 1);
  try {
    expect(await callBy(world)).toEqual(["", 403, undefined]);
  } finally {
    await world.close();
  }
});
