/** Needs mosquitto (see test/system-packages.json). */
import { connectAsync, type MqttClient } from "mqtt";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createLink } from "#device/link/link.ts";
import type { InnerEvent } from "#device/machine.ts";
import { nodePrimitives as crypto } from "#trust/host/node-primitives.ts";
import { runOnSockets } from "../socket-runner.ts";
import { DEVICE, type Mosquitto, type NonceServer, startMosquitto, startNonceServer, storedFor } from "./peers.ts";

const TIMES = { answerMs: 60_000, keepAliveS: 60, backOffMs: 100, backOffMaxMs: 1000 };
const own = (name: string) => `f/lamp/d/${DEVICE}/${name}`;

for (const mqtt5 of [false, true]) {
  describe(`the link, against mosquitto, MQTT ${mqtt5 ? "5" : "3.1.1"}`, () => {
    let broker: Mosquitto;
    let nonces: NonceServer;
    let operator: MqttClient;

    beforeAll(async () => {
      broker = await startMosquitto();
      nonces = await startNonceServer({ mqtt5, register: (password) => broker.allow(DEVICE, password) });
      operator = await connectAsync({
        host: "127.0.0.1",
        port: broker.port,
        username: "operator",
        password: "operator",
        protocolVersion: 5,
      });
    });
    afterAll(async () => {
      await operator.endAsync();
      await nonces.stop();
      await broker.stop();
    });

    test("registers its proof, comes up, publishes, hears, and leaves its will", async () => {
      const unit = runOnSockets(createLink(crypto, TIMES), storedFor(broker.port, nonces.port));
      unit.show({ kind: "online", ipv4: "127.0.0.1" });
      await unit.until("up", (event) => event.kind === "link-up");
      expect(unit.log.at(-1)).toBe(`link: up, MQTT ${mqtt5 ? "5" : "3.1.1"}`);
      await operator.subscribeAsync(own("#"), { qos: 1 });
      const messages: [string, number][] = [];
      operator.on("message", (topic, payload) => messages.push([topic, payload.length]));
      unit.show({ kind: "publish", topic: "state", payload: new Uint8Array(33), retain: true });
      const isBlock = (event: InnerEvent) => event.kind === "link-message" && event.topic === "block";
      const block = unit.until("a block", isBlock);
      await operator.publishAsync(own("block"), Buffer.alloc(4102, 5), { qos: 1 });
      expect(await block).toMatchObject({ payload: new Uint8Array(4102).fill(5) });
      await expect.poll(() => messages).toContainEqual([own("state"), 33]);
      unit.stop();
      await expect.poll(() => messages).toContainEqual([own("state"), 0]);
    });

    test("says by number what it says again and again, where that is offered, and is understood", async () => {
      const unit = runOnSockets(createLink(crypto, TIMES), storedFor(broker.port, nonces.port));
      unit.show({ kind: "online", ipv4: "127.0.0.1" });
      await unit.until("up", (event) => event.kind === "link-up");
      const heard: string[] = [];
      await operator.unsubscribeAsync(own("#"));
      operator.on("message", (topic, payload) => heard.push(`${topic} ${payload}`));
      await operator.subscribeAsync([own("ask"), own("want")], { qos: 1 });
      const words = ["ask 1", "want 1", "ask 2", "want 2", "ask 3"];
      for (const word of words) {
        const [topic = ""] = word.split(" ");
        unit.show({ kind: "publish", topic, payload: new TextEncoder().encode(word), retain: false, qos: 0 });
      }
      await expect.poll(() => heard.length).toBe(words.length);
      expect(heard).toEqual(words.map((word) => `${own(word.split(" ")[0] ?? "")} ${word}`));
      unit.stop();
    });

    test("keeps its session: what came while it was gone is delivered", async () => {
      const gone = operator.publishAsync(own("release"), Buffer.from("while away"), { qos: 1 });
      await gone;
      const unit = runOnSockets(createLink(crypto, TIMES), storedFor(broker.port, nonces.port));
      const heard = unit.until("the release", (event) => event.kind === "link-message" && event.topic === "release");
      unit.show({ kind: "online", ipv4: "127.0.0.1" });
      expect(await heard).toMatchObject({ payload: new Uint8Array(Buffer.from("while away")) });
      unit.stop();
    });

    test("a wrong password is refused and never looks like success", async () => {
      const wrong = await startNonceServer({ mqtt5 });
      const unit = runOnSockets(createLink(crypto, TIMES), storedFor(broker.port, wrong.port));
      unit.show({ kind: "online", ipv4: "127.0.0.1" });
      await expect.poll(() => unit.log[0]).toMatch(/LINK_REFUSED in connack/);
      expect(unit.seen.some(({ kind }) => kind === "link-up")).toBe(false);
      unit.stop();
      await wrong.stop();
    });
  });
}
