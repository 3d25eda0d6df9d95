/**
 * A real broker on loopback that asks over HTTP about its clients as EMQX 5 documents it, set up as the snippet of
 * PROTOCOL 7.27 says: aedes, since EMQX itself can't be had from npm or Debian.
 */

import { readFileSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { Aedes, type AuthenticateError, type Client } from "aedes";
import { freePort } from "#base/host/free-port.ts";

type Acl = readonly { readonly permission: string; readonly action: string; readonly topic: string }[];
interface Answer {
  readonly result?: string;
  readonly is_superuser?: boolean;
  readonly acl?: Acl;
}

/** A rule's topic filter; `eq` before it: this very text. */
function matches(rule: string, topic: string): boolean {
  if (rule.startsWith("eq ")) return topic === rule.slice(3);
  const [filter, levels] = [rule.split("/"), topic.split("/")];
  return filter.length === levels.length && filter.every((level, i) => level === "+" || level === levels[i]);
}

export interface HookingBroker {
  readonly port: number;
  /** Without user and password: the cloud lets itself in. */
  readonly url: string;
  /** What the cloud is given for `--broker-hooks`. */
  readonly hooks: string;
  /** Questions that were asked, and what came back. */
  readonly asked: { readonly path: string; readonly body: Record<string, string>; readonly result: string }[];
  /** What is shown as Bearer token; the file's when undefined. */
  key: string | undefined;
  stop(): Promise<void>;
}

/**
 * @param keyFile   Where the cloud keeps what the broker must show; read when it is needed.
 * @param takesAcl  Whether it heeds the rights that a sign-in answers with, as EMQX does from 5.8 on.
 */
export async function startHookingBroker(keyFile: string, takesAcl = false): Promise<HookingBroker> {
  const hooks = `127.0.0.1:${await freePort()}`;

  /**
   * One question: 204 is "allow"; 200 is what the body says; any other status, another body, or nobody there is "ignore",
   * which the end of the chain (authentication) and no_match = deny (authorization) turn into no.
   */
  const ask = async (path: string, body: Record<string, string>, onAcl?: (acl: Acl) => void): Promise<boolean> => {
    const result = await fetch(`http://${hooks}${path}`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        authorization: `Bearer ${broker.key ?? readFileSync(keyFile, "utf8").trim()}`,
      },
      body: JSON.stringify(body),
    }).then(
      async (answer) => {
        if (answer.status === 204) return "allow";
        const isJson = answer.headers.get("content-type") === "application/json";
        if (answer.status !== 200 || !isJson) return "ignore";
        const { result, is_superuser, acl } = (await answer.json()) as Answer;
        if (acl !== undefined && takesAcl) onAcl?.(acl);
        return is_superuser === true ? "superuser" : (result ?? "ignore");
      },
      () => "ignore",
    );
    broker.asked.push({ path, body, result });
    return result === "allow";
  };

  const users = new WeakMap<Client, string>();
  const acls = new WeakMap<Client, Acl>();
  const about = async (client: Client, action: string, topic: string, isRetained: boolean) =>
    acls.get(client)?.some((rule) => rule.action === action && matches(rule.topic, topic)) ||
    ask("/hooks/authz", {
      ...{ clientid: client.id, username: users.get(client) ?? "", action, topic },
      retain: String(isRetained),
    });
  const aedes = await Aedes.createBroker({
    authenticate(client, username, password, done) {
      users.set(client, username ?? "");
      const body = { clientid: client.id, username: username ?? "", password: password?.toString() ?? "" };
      ask("/hooks/authn", body, (acl) => acls.set(client, acl)).then((may) =>
        may ? done(null, true) : done(Object.assign(new Error("no"), { returnCode: 5 }) as AuthenticateError, null),
      );
    },
    authorizePublish(client, packet, done) {
      if (client === null) return done();
      about(client, "publish", packet.topic, packet.retain).then((may) => done(may ? null : new Error("denied")));
    },
    authorizeSubscribe(client, subscription, done) {
      about(client, "subscribe", subscription.topic, false).then((may) => done(null, may ? subscription : null));
    },
  });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    aedes.handle(socket);
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  const broker: HookingBroker = {
    ...{ port, url: `mqtt://127.0.0.1:${port}`, hooks, asked: [], key: undefined },
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await new Promise<void>((resolve) => aedes.close(() => resolve()));
    },
  };
  return broker;
}
