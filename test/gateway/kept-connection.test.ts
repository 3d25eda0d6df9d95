/** A proxy or a busy caller keeps its connections and comes back to them. */
import { Agent, request } from "node:http";
import { setTimeout as pass } from "node:timers/promises";
import { expect, it } from "vitest";
import { startWorld } from "./gateway-world.ts";

/** Longer than Node's own limit of 5 s and what it adds to it. */
const IDLE_MS = 8_000;

it("a connection that lay idle carries the next request, and callers are told how long it may", async () => {
  const world = await startWorld({}, 0);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ask = () =>
    new Promise<{ isKept: boolean; keepAlive: unknown }>((resolve, reject) => {
      const asked = request(new URL("/v1/devices", world.gateway.url), { agent, method: "POST" }, (answer) => {
        answer.resume();
        answer.on("end", () => resolve({ isKept: asked.reusedSocket, keepAlive: answer.headers["keep-alive"] }));
      });
      asked.on("error", reject);
      asked.end("{}");
    });
  try {
    expect(await ask()).toEqual({ isKept: false, keepAlive: "timeout=75" });
    await pass(IDLE_MS);
    expect((await ask()).isKept).toBe(true);
  } finally {
    agent.destroy();
    await world.close();
  }
});
