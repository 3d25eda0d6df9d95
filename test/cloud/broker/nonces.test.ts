/** Nonces and proofs against somebody who asks for all of them, forges them, or shows one twice. */
import { randomBytes } from "node:crypto";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { connect as connectSocket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fromHex, toHex } from "#base/bytes.ts";
import { createNonces } from "#cloud/broker/nonces.ts";
import { createSpentNonces } from "#cloud/broker/spent-nonces.ts";
import { startCloud } from "#cloud/cloud.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { encodeLinkProof, linkPassword, linkToBeSigned } from "#wire/link/link-auth.ts";
import { times } from "../../tier.ts";
import { type CloudHere, startCloudHere } from "../here.ts";
import { fetchNonce, mqttOf, passwordFor, type TestUnit } from "./linked-unit.ts";

let folder: string;
let here: CloudHere;
let unit: TestUnit;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "latchkey-nonces-"));
  here = await startCloudHere(folder, 3);
  unit = here.units[0] as TestUnit;
});
afterEach(async () => {
  await here?.cloud.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Sends requests for nonces on one connection, the next one after each answer. @returns The statuses of the answers, counted. */
function askNonces(ids: readonly string[]): Promise<Record<string, number>> {
  return new Promise((resolve, reject) => {
    const counts: Record<string, number> = {};
    let [answered, text] = [0, ""];
    const ask = () => {
      const head = "POST /nonce HTTP/1.1\r\nhost: cloud\r\ncontent-length: 12\r\n\r\n";
      socket.write(Buffer.concat([Buffer.from(head), fromHex(ids[answered] as string) as Uint8Array]));
    };
    const socket = connectSocket(Number(new URL(here.url).port), "127.0.0.1", ask);
    socket.on("error", reject);
    socket.on("close", () => reject(new Error(`closed after ${answered} answers of ${ids.length}`)));
    socket.on("data", (bytes) => {
      text += bytes.toString("latin1");
      const found = /^HTTP\/1\.1 (\d{3})[\s\S]*?\r\ncontent-length: (\d+)\r\n[\s\S]*?\r\n\r\n/i.exec(text);
      if (found === null || text.length < found[0].length + Number(found[2])) return;
      text = "";
      counts[found[1] as string] = (counts[found[1] as string] ?? 0) + 1;
      if (++answered < ids.length) return ask();
      resolve(counts);
      socket.destroy();
    });
  });
}

describe("somebody who asks for nonces", () => {
  // More than the cloud once kept for all units together, in the exhaustive tier.
  it("locks no unit out, with thousands of them for every ID at once", async () => {
    const strangers = Array.from({ length: 100 }, () => randomBytes(12).toString("hex"));
    const ids = [...here.units.map(({ id }) => id), ...strangers];
    const each = Array.from({ length: times(300, 3_300) }, (_, i) => ids[i % ids.length] as string);
    const counts = await Promise.all(Array.from({ length: 20 }, () => askNonces(each)));
    expect(counts).toEqual(counts.map(() => ({ "200": each.length })));
    for (const each of here.units) {
      const client = await mqttOf(here.mqtt, each.id, await passwordFor(here.url, each));
      await client.endAsync();
    }
  });

  it("spends none that a unit was given: garbage with its nonce, then its own proof", async () => {
    const { nonce } = await fetchNonce(here.url, unit.id);
    const signature = nodePrimitives.ed25519Sign(linkToBeSigned("latchkey", unit.id, nonce), unit.seed);
    const proof = { nonce, publicKey: unit.publicKey, signature };
    const garbage = [
      { ...proof, signature: Uint8Array.from(randomBytes(64)) },
      { ...proof, publicKey: Uint8Array.from(randomBytes(32)) },
      { ...proof, signature: nodePrimitives.ed25519Sign(linkToBeSigned("other", unit.id, nonce), unit.seed) },
    ];
    for (const each of garbage) {
      await expect(mqttOf(here.mqtt, unit.id, linkPassword(each))).rejects.toThrow(/Not authorized/);
      const posted = await fetch(`${here.url}/proof`, { method: "POST", body: Buffer.from(encodeLinkProof(each)) });
      expect(posted.status).toBe(403);
    }
    const client = await mqttOf(here.mqtt, unit.id, linkPassword(proof));
    await client.endAsync();
  });
});

describe("the same proof twice", () => {
  it("is taken once: one after the other, and at the same time", async () => {
    const password = await passwordFor(here.url, unit);
    const attempts = await Promise.allSettled(Array.from({ length: 5 }, () => mqttOf(here.mqtt, unit.id, password)));
    expect(attempts.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    for (const each of attempts) if (each.status === "fulfilled") each.value.end(true);
    await expect(mqttOf(here.mqtt, unit.id, password)).rejects.toThrow(/Not authorized/);
  });

  it("is not taken by the next process either, whose nonces from before are good otherwise", async () => {
    const used = await passwordFor(here.url, unit);
    const client = await mqttOf(here.mqtt, unit.id, used);
    client.end(true);
    const unused = await passwordFor(here.url, here.units[1] as TestUnit);
    await here.cloud.close();
    // A closed store is released only when the process ends, so the next cloud gets a copy.
    const data = join(folder, "copy");
    cpSync(here.data, data, { recursive: true });
    const again = await startCloud({
      ...{ data, keys: [here.keysFolder], name: "latchkey", host: "127.0.0.1", mqttPort: 0, httpPort: 0 },
      onFatal: () => undefined,
    });
    const port = again.mqttPort as number;
    await expect(mqttOf(port, unit.id, used)).rejects.toThrow(/Not authorized/);
    const other = await mqttOf(port, here.units[1]?.id as string, unused);
    await other.endAsync();
    await again.close();
  });

  it("costs no more than the unit's own rate, however often it proves itself", async () => {
    const proofs = await Promise.all(
      Array.from({ length: 90 }, async () => {
        const { nonce } = await fetchNonce(here.url, unit.id);
        const signature = nodePrimitives.ed25519Sign(linkToBeSigned("latchkey", unit.id, nonce), unit.seed);
        return Buffer.from(encodeLinkProof({ nonce, publicKey: unit.publicKey, signature }));
      }),
    );
    // All at once: one after the other, a slow machine would keep to the rate by itself.
    const answers = await Promise.all(proofs.map((body) => fetch(`${here.url}/proof`, { method: "POST", body })));
    const taken = answers.filter(({ status }) => status === 204).length;
    expect(taken).toBeGreaterThanOrEqual(20);
    expect(taken).toBeLessThan(answers.length);
    const other = here.units[1] as TestUnit;
    const client = await mqttOf(here.mqtt, other.id, await passwordFor(here.url, other));
    await client.endAsync();
  });
});

describe("a nonce", () => {
  const random = (byteLength: number) => Uint8Array.from(randomBytes(byteLength));
  const id = "0".repeat(24);
  it("is good for the ID that it was given to, for a minute, from this cloud alone", () => {
    const nonces = createNonces(random(32), random);
    const nonce = nonces.give(id, 1_000_000);
    expect(nonces.givenMs(nonce, id, 1_000_000)).toBe(1_000_000);
    expect(nonces.givenMs(nonce, id, 1_059_999)).toBe(1_000_000);
    expect(nonces.givenMs(nonce, id, 1_060_000)).toBeUndefined();
    expect(nonces.givenMs(nonce, id, 999_999)).toBeUndefined();
    expect(nonces.givenMs(nonce, "1".repeat(24), 1_000_000)).toBeUndefined();
    expect(createNonces(random(32), random).givenMs(nonce, id, 1_000_000)).toBeUndefined();
    for (let bit = 0; bit < nonce.length * 8; bit++) {
      const forged = Uint8Array.from(nonce);
      forged[bit >> 3] = (forged[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(nonces.givenMs(forged, id, 1_000_001)).toBeUndefined();
    }
    expect(toHex(nonces.give(id, 1_000_000))).not.toBe(toHex(nonces.give(id, 1_000_000)));
  });

  it("of a caller is spent once, is not taken from before the start, and is counted per branch", () => {
    const spent = createSpentNonces(1_000);
    expect(spent.spend(id, "a", 999, 1_000)).toBe("spent");
    expect(spent.spend(id, "a", 1_000, 1_000)).toBe("ok");
    expect(spent.spend(id, "a", 1_000, 2_000)).toBe("spent");
    const outcomes = Array.from({ length: 200 }, (_, i) => spent.spend(id, `n${i}`, 2_000, 2_000));
    expect(outcomes.at(-1)).toBe("full");
    expect(spent.spend("other", "a", 2_000, 2_000)).toBe("ok");
    expect(spent.spend(id, "later", 62_000, 62_000)).toBe("ok");
  });
});
