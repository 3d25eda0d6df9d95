/** Which requests from the unit's own network are looked at: those of phones, and those of the maker's app in a browser. */

import { describe, expect, it } from "vitest";
import { toHex } from "#base/bytes.ts";
import { flashLogIn } from "#device/flash-log.ts";
import { createGate } from "#device/gate/gate.ts";
import { call } from "#phone/call.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { appNamed } from "../app-named.ts";
import { startOf } from "../start-of.ts";
import { childOf, connected, faultOf, ownerOf } from "./callers.ts";
import { ADDRESS, createWorld, emptyAuditFlash, seedOf, TCP_PORT } from "./world.ts";

const APP = "https://app.lamp.example";

/** Shows a gate one head, a byte of whose body is still missing. @returns What it answered, or "" while it waits. */
function answerTo(...fields: readonly string[]): string {
  const world = createWorld();
  const audit = flashLogIn(emptyAuditFlash(), undefined);
  const app = appNamed([]);
  const gate = createGate({ crypto: primitives, app, tcpPort: TCP_PORT, audit, appOrigins: [APP] });
  const bytes = new TextEncoder().encode(
    ["POST /.well-known/edhoc HTTP/1.1", ...fields, "Content-Length: 1", "", ""].join("\r\n"),
  );
  const stored = { get: (name: string) => world.stored.get(name), names: () => [] };
  let { initial: state } = gate;
  const said: string[] = [];
  for (const event of [
    startOf(stored),
    { kind: "online", ipv4: ADDRESS },
    { kind: "tcp-accepted", connection: 1, port: TCP_PORT, peer: "10.0.0.2", isOnSubnet: true },
    { kind: "tcp-data", connection: 1, bytes },
  ] as const) {
    const step = gate.step(state, { ...event, nowMs: 0 });
    state = step.state;
    for (const effect of step.effects) {
      if (effect.kind === "tcp-write") said.push(new TextDecoder().decode(effect.bytes));
    }
  }
  return said.join("").split("\r\n")[0] ?? "";
}

describe("a request", () => {
  const name = `${toHex(createWorld().id)}.local`;
  it.each([
    ["its address", [`Host: ${ADDRESS}`]],
    ["its address and port", [`Host: ${ADDRESS}:${TCP_PORT}`]],
    ["its name on the network", [`Host: ${name.toUpperCase()}:80`]],
    ["its address, from the maker's app", [`Host: ${ADDRESS}`, `Origin: ${APP}`]],
  ])("under %s is read", (_what, fields) => {
    expect(answerTo(...fields)).toBe("");
  });

  it.each([
    ["no name", []],
    ["another's name", ["Host: rebound.example"]],
    ["a name that begins like its own", [`Host: ${ADDRESS}.rebound.example`]],
    ["another unit's name", [`Host: ${"0".repeat(24)}.local`]],
    ["an address that is not its own", ["Host: 10.0.0.3"]],
    ["another's name, from the maker's app", ["Host: rebound.example", `Origin: ${APP}`]],
  ])("under %s is refused before its body has come", (_what, fields) => {
    expect(answerTo(...fields)).toBe("HTTP/1.1 421 Misdirected Request");
  });

  it.each([
    ["another origin", "https://evil.example"],
    ["no origin that it tells", "null"],
    ["an empty origin", ""],
    ["the app's host over plain HTTP", APP.replace("https", "http")],
    ["another port of the app's host", `${APP}:8443`],
    ["a host that begins like the app's", `${APP}.evil.example`],
    ["the unit's own address", `http://${ADDRESS}:${TCP_PORT}`],
  ])("of a page of %s is refused before its body has come", (_what, origin) => {
    expect(answerTo(`Host: ${ADDRESS}`, `Origin: ${origin}`)).toBe("HTTP/1.1 403 Forbidden");
  });
});

it("lanOnly is met on the unit's own subnet, and not from behind a router in the house", async () => {
  const world = createWorld();
  const guest = childOf(ownerOf(world), seedOf(9), { caveats: [{ kind: "lanOnly" }] });
  expect((await call(await connected(world, guest, world.lan("10.0.0.9")), "setLamp", { on: true })).ok).toBe(true);
  const session = await connected(world, guest, world.lan("192.168.7.9", false));
  expect(faultOf(await call(session, "setLamp", { on: true }))).toBe("CAVEAT_LAN");
});
