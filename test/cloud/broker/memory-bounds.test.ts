/** How much of the cloud's memory a client can take: before it has authenticated, and as one unit. */
import { mkdtempSync, rmSync } from "node:fs";
import { connect as connectSocket, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { unitTopic } from "#wire/link/topics.ts";
import { encodeUnitState } from "#wire/link/unit-state.ts";
import { type CloudHere, startCloudHere } from "../here.ts";
import { mqttOf, passwordFor, type TestUnit } from "./linked-unit.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-bounds-"));
let here: CloudHere;
let unit: TestUnit;
beforeAll(async () => {
  here = await startCloudHere(folder, 2);
  unit = here.units[0] as TestUnit;
});
afterAll(async () => {
  await here?.cloud.close();
  rmSync(folder, { recursive: true, force: true });
});

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/**
 * What lies in byte strings once those that nobody uses any more are gone. V8 gives their memory back on a thread of
 * its own some time after a collection, so it is measured until ten figures in a row are no lower.
 */
async function heldBytes(): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let same = 0; same < 10; same++) {
    collect();
    await setTimeout(100);
    const { arrayBuffers } = process.memoryUsage();
    if (arrayBuffers < least - 65_536) same = 0;
    least = Math.min(least, arrayBuffers);
  }
  return least;
}

/** Sends bytes until the other end closes. @returns How many it took at most. */
function pour(head: Buffer, mostBytes: number): Promise<number> {
  return new Promise((resolve) => {
    let sent = 0;
    const socket: Socket = connectSocket(here.mqtt, "127.0.0.1");
    const more = () => {
      while (!socket.destroyed && sent < mostBytes) {
        const chunk = sent === 0 ? head : Buffer.alloc(16_384, 0x61);
        sent += chunk.length;
        if (!socket.write(chunk)) return;
      }
      if (sent >= mostBytes) socket.destroy();
    };
    socket.on("drain", more);
    socket.on("connect", more);
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(sent));
  });
}

describe("before a client is known", () => {
  it.each([
    ["a CONNECT that announces 256 MB", Buffer.from("10ffffff7f00044d515454040200", "hex")],
    ["a CONNECT that announces 64 KB", Buffer.from("10ffff0300044d5154540402003c", "hex")],
    ["another packet that announces 256 MB", Buffer.from("30ffffff7f0001", "hex")],
    ["a length of more than four bytes", Buffer.from("10ffffffffff", "hex")],
  ])("%s is not collected", async (_, head) => {
    const mostBytes = 32 * 1024 * 1024;
    // What fits into the two sockets' own buffers may be sent before the end is noticed.
    expect(await pour(head, mostBytes)).toBeLessThan(mostBytes / 2);
  });
});

describe("one unit", () => {
  it("has no more than its share retained, and what is beyond it is still passed on", async () => {
    const client = await mqttOf(here.mqtt, unit.id, await passwordFor(here.url, unit));
    for (let i = 0; i < 400; i++) {
      await client.publishAsync(unitTopic("f1", unit.id, `event/e${i}`), Buffer.alloc(16_000, i), {
        qos: 1,
        retain: true,
      });
    }
    const before = await heldBytes();
    for (let i = 400; i < 2_400; i++) {
      await client.publishAsync(unitTopic("f1", unit.id, `event/e${i}`), Buffer.alloc(16_000, i), {
        qos: 1,
        retain: true,
      });
    }
    const grownBytes = (await heldBytes()) - before;
    expect(grownBytes).toBeLessThan(16 * 1024 * 1024);
    await client.endAsync();
  });

  it("adds no row by naming releases that do not exist", async () => {
    const client = await mqttOf(here.mqtt, unit.id, await passwordFor(here.url, unit));
    for (let sequence = 1; sequence <= 300; sequence++) {
      const state = encodeUnitState({
        ...{ sequence: 0, epoch: 0 },
        attempt: { sequence, stage: "refused", fault: "RELEASE_SIGNATURE", percent: 0 },
      });
      await client.publishAsync(unitTopic("f1", unit.id, "state"), Buffer.from(state), { qos: 1, retain: true });
    }
    const { attempts } = await here.operator.get<{ attempts: object[] }>(`/v1/devices/${unit.id}`);
    expect(attempts).toEqual([]);
    await client.endAsync();
  });

  it("is not answered more often than it has a reason to ask", async () => {
    const other = here.units[1] as TestUnit;
    const client = await mqttOf(here.mqtt, other.id, await passwordFor(here.url, other));
    const beganMs = performance.now();
    for (let i = 0; i < 1_000; i++) {
      await client.publishAsync(unitTopic("f1", other.id, "ask"), Buffer.alloc(16, i), { qos: 1 });
    }
    const headers = { authorization: `Bearer ${here.operatorKey()}` };
    const metrics = await fetch(`${here.url}/metrics`, { headers }).then((answer) => answer.text());
    const signed = Number(/^latchkey_timestamps_total (\d+)$/m.exec(metrics)?.[1]);
    expect(signed).toBeGreaterThan(10);
    // Sixty at once, then one a second.
    expect(signed).toBeLessThanOrEqual(61 + (performance.now() - beganMs) / 1_000);
    await client.endAsync();
  });
});
