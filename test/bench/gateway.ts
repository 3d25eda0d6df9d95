/**
 * What a gateway costs: calls per second over model units with sealed sessions that stay open, each call checked and sealed,
 * beside a bare server with the same units; and how many event streams it keeps. Every side is a process of its own.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fromHex, toHex } from "#base/bytes.ts";
import { type Child, startProgram } from "#boards/sim/host/child.ts";
import { chainOf, issueChild, issueGrant } from "#trust/grants/mint.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { readSecretFile } from "#trust/host/secret-file.ts";
import { seedSigner } from "#trust/signer.ts";
import { LEVEL } from "#wire/grants/scope.ts";
import type { BenchUnit } from "./gateway-units-process.ts";
import { busyOf, cpuOf, residentOf } from "./process-meter.ts";
import type { Bench, Row } from "./row.ts";

const CALLS_PER_S = 500;
const RATIO_MAX = 2;
const RESIDENT_MIB_MAX = 192;
const SOCKETS = 64;
/** A call that the server did not answer well is no call. */
interface Load {
  readonly done: number;
  readonly failed: number;
  readonly callsPerS: number;
  /** Processor time of a call: in the server, in all model units together, and in the caller, which is this process. */
  readonly cpuMsPerCall: { readonly server: number; readonly units: number; readonly caller: number };
  /** What programs that have no part in this took of all processors meanwhile, from 0 to 1. */
  readonly othersShare: number;
}

/** Where the processor time of a load goes. */
interface Sides {
  readonly server: number;
  readonly units: number;
}

const person = (fill: number) => seedSigner(primitives, new Uint8Array(32).fill(fill));

/** A chain of two links for one unit that ends in this key. */
function chainFor(id: string, holder: Uint8Array): Uint8Array {
  const [issuer, owner] = [person(1), person(2)];
  const shared = { scope: LEVEL.noFlash, epoch: 0, caveats: [] };
  const grant = issueGrant(
    { ...issuer, kid: Uint8Array.of(1) },
    {
      audience: { kind: "device", id: fromHex(id) as Uint8Array },
      issuedAtS: 1_800_000_000,
      ...{ cti: new Uint8Array(8).fill(1), holder: owner.publicKey, ...shared },
    },
  );
  return issueChild(primitives, chainOf(grant), owner, { cti: new Uint8Array(8).fill(2), holder, ...shared });
}

const firstMessage = <T>(child: Child): Promise<T> =>
  new Promise((resolve, reject) => {
    child.onMessage((message) => resolve(message as T));
    void child.exited.then(() => reject(new Error(child.errors())));
  });

/** Calls `setLamp` of one unit after the other at a steady pace. */
async function load(
  port: number,
  sides: Sides,
  units: readonly BenchUnit[],
  seconds: number,
  token: string,
): Promise<Load> {
  const agent = new Agent({ keepAlive: true, maxSockets: SOCKETS });
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const call = (id: string) =>
    new Promise<boolean>((resolve) => {
      const path = `/v1/devices/${id}/setLamp`;
      const outgoing = request({ host: "127.0.0.1", port, agent, path, method: "POST", headers }, (incoming) => {
        incoming.resume();
        incoming.on("end", () => resolve(incoming.statusCode === 200));
      });
      outgoing.on("error", () => resolve(false));
      outgoing.end('{"args":{"on":true}}');
    });
  for (const { id } of units) await call(id);
  const spent = () => ({
    server: cpuOf({ pids: [sides.server] }),
    units: cpuOf({ pids: [sides.units] }),
    caller: cpuOf({ pids: [process.pid] }),
    machine: busyOf(),
  });
  const before = spent();
  const fromMs = performance.now();
  const total = CALLS_PER_S * seconds;
  const pending: Promise<boolean>[] = [];
  while (pending.length < total) {
    const due = Math.min(total, Math.floor(((performance.now() - fromMs) / 1_000) * CALLS_PER_S) + 1);
    while (pending.length < due) pending.push(call(units[pending.length % units.length]?.id ?? ""));
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  const answers = await Promise.all(pending);
  const elapsedS = (performance.now() - fromMs) / 1_000;
  const done = answers.filter(Boolean).length;
  agent.destroy();
  const after = spent();
  const took = (side: keyof typeof after) => after[side] - before[side];
  const perCall = (side: keyof typeof after) => (took(side) / Math.max(1, done)) * 1_000;
  const own = took("server") + took("units") + took("caller");
  return {
    ...{ done, failed: total - done, callsPerS: done / elapsedS },
    cpuMsPerCall: { server: perCall("server"), units: perCall("units"), caller: perCall("caller") },
    othersShare: Math.max(0, took("machine") - own) / (elapsedS * availableParallelism()),
  };
}

/** Opens event streams, publishes, and counts what arrives. */
async function streams(url: URL, count: number, token: string): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: count });
  const authorization = `Bearer ${token}`;
  let heard = 0;
  const open = () =>
    new Promise<void>((resolve, reject) => {
      const outgoing = request(
        new URL("/v1/devices/events", url),
        { agent, headers: { authorization } },
        (incoming) => {
          incoming.once("data", () => resolve());
          incoming.on("data", (part: Buffer) => {
            heard += part.toString().split("event: tick").length - 1;
          });
        },
      );
      outgoing.on("error", reject);
      outgoing.end();
    });
  for (let at = 0; at < count; at += SOCKETS)
    await Promise.all(Array.from({ length: Math.min(SOCKETS, count - at) }, open));
  await fetch(new URL("/v1/devices/events", url), {
    method: "POST",
    headers: { authorization, "content-type": "application/json" },
    body: '{"name":"tick","data":"1"}',
  });
  for (let last = -1; heard < count && heard !== last; ) {
    last = heard;
    await new Promise((resolve) => setTimeout(resolve, 3_000));
  }
  agent.destroy();
  return heard;
}

async function run({ quick }: { quick: boolean }): Promise<readonly Row[]> {
  const [unitCount, seconds, streamCount] = quick ? [20, 4, 200] : [100, 20, 2_000];
  const folder = mkdtempSync(join(tmpdir(), "latchkey-bench-gateway-"));
  const data = join(folder, "data");
  const children: Child[] = [];
  try {
    const world = startProgram("test/bench/gateway-units-process.ts", [], true);
    children.push(world);
    const located = firstMessage<readonly BenchUnit[]>(world);
    world.send(unitCount as unknown as object);
    const units = await located;

    const gateway = startProgram("src/cli/main.ts", ["gateway", "--data", data, "--http-port", "0"]);
    children.push(gateway);
    const { url } = await new Promise<{ url: string }>((resolve, reject) => {
      gateway.onLine((line) => line.startsWith("{") && resolve(JSON.parse(line)));
      void gateway.exited.then(() => reject(new Error(gateway.errors())));
    });
    const key = readSecretFile(join(data, "bootstrap.key")).trim();
    const post = async (path: string, body: object) => {
      const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
      const answer = await fetch(new URL(path, url), { method: "POST", headers, body: JSON.stringify(body) });
      if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
      return (await answer.json()) as Record<string, string>;
    };
    for (const { id, port } of units) {
      const { code, key: publicKey = "" } = await post("/v1/gateway/invitations", {});
      const chain = toHex(chainFor(id, fromHex(publicKey) as Uint8Array));
      await post("/v1/gateway/units", { code, id, name: id, chain, host: "127.0.0.1", port });
    }
    const { secret } = await post("/v1/gateway/clients", { id: "bench", role: "support", scope: "noFlash" });
    const answer = await fetch(new URL("/oauth/token", url), {
      method: "POST",
      headers: { authorization: `Basic ${Buffer.from(`bench:${secret}`).toString("base64")}` },
      body: new URLSearchParams({ grant_type: "client_credentials", scope: "noFlash" }),
    });
    const { access_token: token } = (await answer.json()) as { access_token: string };
    const checked = await load(
      Number(new URL(url).port),
      { server: gateway.pid, units: world.pid },
      units,
      seconds,
      token,
    );
    const heard = await streams(new URL(url), streamCount, token);
    const residentMiB = residentOf({ pids: [gateway.pid] }, "VmRSS") / 2 ** 20;

    // A unit has one session: the bare server takes the place of the gateway.
    await gateway.stop();
    const bare = startProgram("test/bench/gateway-bare-process.ts", [], true);
    children.push(bare);
    const listening = firstMessage<number>(bare);
    const holder = person(3);
    bare.send({
      units,
      holderSeed: toHex(new Uint8Array(32).fill(3)),
      chain: toHex(chainFor(units[0]?.id ?? "", holder.publicKey)),
    });
    const plain = await load(await listening, { server: bare.pid, units: world.pid }, units, seconds, "none");

    const row = (
      metric: string,
      value: number,
      unit: string,
      goal: number | null,
      peer: string | null = null,
    ): Row => ({
      ...{ case: `${unitCount} units`, metric, value, unit, goal, peer },
    });
    return [
      row("calls answered", checked.callsPerS, "1/s", CALLS_PER_S, "gateway"),
      row("calls failed", checked.failed, "calls", 0, "gateway"),
      row("processor time a call", checked.cpuMsPerCall.server, "ms", null, "gateway"),
      row("processor time a call", checked.cpuMsPerCall.units, "ms", null, "model units"),
      row("processor time a call", checked.cpuMsPerCall.caller, "ms", null, "caller"),
      row("processors that other programs took", checked.othersShare * 100, "%", null),
      row("calls answered", plain.callsPerS, "1/s", null, "bare server"),
      row("processor time a call", plain.cpuMsPerCall.server, "ms", null, "bare server"),
      row(
        "processor time, gateway over bare server",
        checked.cpuMsPerCall.server / plain.cpuMsPerCall.server,
        "",
        RATIO_MAX,
      ),
      row("streams that heard an event", heard, "streams", streamCount),
      row("memory with these streams", residentMiB, "MiB", quick ? null : RESIDENT_MIB_MAX),
    ];
  } finally {
    for (const child of children) await child.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

export const bench: Bench = { run };
