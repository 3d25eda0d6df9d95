/**
 * An external broker (mosquitto with its dynamic-security plugin), given by its URL. It can't check proofs, so a device
 * posts its proof to the cloud over HTTP. The cloud checks it, then sets a password for this one connection and the
 * device's own rights at the broker.
 * @source PROTOCOL 7.24
 */
import { randomBytes } from "node:crypto";
import { redactUrlIn } from "#base/redact-url.ts";
import { callerRelayTopic, callerReplyTopic, isCallerName } from "#wire/link/caller-auth.ts";
import { publishRights, subscribeRights } from "#wire/link/topics.ts";
import type { Broker, BrokerEvents, LinkedDevice } from "./broker.ts";
import { ANSWER_MS, BrokerTrouble, openRemoteClient } from "./remote-client.ts";

const CONTROL = "$CONTROL/dynamic-security/v1";
/** A password that was not used within this time is revoked. */
const PASSWORD_LIFE_MS = 60_000;

interface Answer {
  readonly command: string;
  readonly data?: unknown;
  readonly correlationData?: string;
  readonly error?: string;
}

/** What one device may do, as a role of its own: the filters of topics.ts, letter for letter. */
function roleOf(device: LinkedDevice): object {
  const allow = (acltype: string) => (topic: string) => ({ acltype, topic, allow: true, priority: 0 });
  return {
    command: "createRole",
    rolename: `latchkey-${device.id}`,
    acls: [
      ...publishRights(device.fleet, device.id).map(allow("publishClientSend")),
      ...subscribeRights(device.fleet, device.id).map(allow("subscribeLiteral")),
      ...subscribeRights(device.fleet, device.id).map(allow("unsubscribeLiteral")),
    ],
  };
}

/** The role of one caller: it may use its own two topics only (PROTOCOL 7.6). */
function callerRoleOf(name: string): object {
  const allow = (acltype: string, topic: string) => ({ acltype, topic, allow: true, priority: 0 });
  const reply = callerReplyTopic(name);
  const hearing = [allow("subscribeLiteral", reply), allow("unsubscribeLiteral", reply)];
  const acls = [allow("publishClientSend", callerRelayTopic(name)), ...hearing];
  return { command: "createRole", rolename: `latchkey-${name}`, acls };
}

const OWN_ROLE = {
  command: "createRole",
  rolename: "latchkey-cloud",
  acls: ["f/#", "c/#"].flatMap((topic) =>
    ["publishClientSend", "publishClientReceive", "subscribePattern", "unsubscribePattern"].map((acltype) => ({
      ...{ acltype, topic, allow: true, priority: 0 },
    })),
  ),
};

/**
 * Connects to a broker whose URL carries the user and password of an administrator of its dynamic-security plugin.
 * @throws BrokerTrouble when it can't be reached, refuses us, or has no such plugin.
 */
export async function connectRemoteBroker(
  url: string,
  events: BrokerEvents,
  name: string,
  ca?: Buffer,
): Promise<Broker> {
  const known = new Set<string>();
  const waiting = new Map<string, (answer: Answer) => void>();
  let asked = 0;
  const remote = await openRemoteClient(events, {
    url,
    clientId: `latchkey-cloud-${name}`,
    check: "user and password",
    ...(ca !== undefined && { ca }),
    gone: (device) => void scramble(device.id).catch(() => undefined),
    aside(topic, payload) {
      if (topic !== `${CONTROL}/response`) return false;
      const { responses } = JSON.parse(Buffer.from(payload).toString("utf8")) as { responses: readonly Answer[] };
      for (const answer of responses) {
        const take = waiting.get(answer.correlationData ?? "");
        waiting.delete(answer.correlationData ?? "");
        take?.(answer);
      }
      return true;
    },
  });
  const { client, where, online, isClosing } = remote;

  /** Sends one command to the plugin and waits for its answer. */
  const ask = (command: object): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const correlationData = String(++asked);
      const timer = setTimeout(() => {
        waiting.delete(correlationData);
        reject(
          new BrokerTrouble(`broker ${where} doesn't answer as an administrator's; load its dynamic-security plugin`),
        );
      }, ANSWER_MS);
      waiting.set(correlationData, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      client.publish(CONTROL, JSON.stringify({ commands: [{ ...command, correlationData }] }), { qos: 1 });
    });

  const control = async (command: object): Promise<string | undefined> => (await ask(command)).error;

  /** Deleting a client throws it out. */
  const dismissCaller = async (name: string): Promise<void> => {
    if (isClosing()) return;
    await control({ command: "deleteClient", username: name });
    await control({ command: "deleteRole", rolename: `latchkey-${name}` });
    await remote.forgetCaller(name);
  };

  /**
   * Revokes a device's password. mosquitto disconnects a client whose password changes, so this waits until the
   * device has gone.
   */
  const scramble = (id: string) =>
    isClosing()
      ? Promise.resolve(undefined)
      : control({ command: "setClientPassword", username: id, password: randomBytes(16).toString("hex") });

  await client.subscribeAsync(`${CONTROL}/response`, { qos: 1 });
  const missing = await control({ command: "listClients", verbose: false }).catch((error: unknown) => {
    client.end(true);
    throw error;
  });
  if (missing !== undefined) throw new BrokerTrouble(`broker ${where} refuses its administrator: ${missing}`);
  const username = decodeURIComponent(new URL(url).username);
  /**
   * The administrator may manage the broker; to speak with devices it gives itself one more role, for which the broker
   * disconnects it once. @returns Whether the role was missing.
   */
  const takeOwnRole = async (): Promise<boolean> => {
    await control(OWN_ROLE);
    const { data } = await ask({ command: "getClient", username });
    if (JSON.stringify(data ?? {}).includes(OWN_ROLE.rolename)) return false;
    const back = new Promise<void>((resolve) => client.once("connect", () => resolve()));
    await control({ command: "addClientRole", username, rolename: OWN_ROLE.rolename, priority: 0 });
    await back;
    return true;
  };
  await takeOwnRole();
  await remote.listen();
  // Callers of a cloud that died: nobody here knows them any more.
  const { data: left } = await ask({ command: "listClients", verbose: false });
  for (const name of (left as { clients?: string[] } | undefined)?.clients ?? []) {
    if (isCallerName(name)) await dismissCaller(name);
  }

  // A broker that comes back may have another plugin file, as after a reset: what was set there is set again.
  let renewing = Promise.resolve();
  client.on("connect", () => {
    renewing = renewing
      .then(async () => {
        if (isClosing() || !(await takeOwnRole())) return;
        known.clear();
        await remote.listen();
      })
      .catch((error: unknown) => events.log(`broker ${where}: ${redactUrlIn(String(error), url)}`));
  });

  return {
    port: undefined,
    wantsProofs: true,
    // mosquitto has its dynamic security since 2.0, and MQTT 5 since 1.6.
    speaksMqtt5: true,
    ...remote.speaking,
    async admitCaller(name, password) {
      await control(callerRoleOf(name));
      const roles = [{ rolename: `latchkey-${name}`, priority: 0 }];
      const refused = await control({ command: "createClient", username: name, clientid: name, password, roles });
      if (refused !== undefined) throw new BrokerTrouble(`broker ${where} refuses a caller: ${refused}`);
    },
    dismissCaller,
    async admit(device, password) {
      const identity = { username: device.id, clientid: device.id, password };
      const create = async () => {
        await control(roleOf(device));
        const roles = [{ rolename: `latchkey-${device.id}`, priority: 0 }];
        await control({ command: "createClient", ...identity, roles });
        known.add(device.id);
      };
      const setPassword = () => control({ command: "setClientPassword", username: device.id, password });
      if (!known.has(device.id)) await create();
      let refused = await setPassword();
      if (refused !== undefined) {
        // The plugin's file was replaced while it ran: the account is not there any more.
        await create();
        refused = await setPassword();
      }
      if (refused !== undefined) throw new BrokerTrouble(`broker ${where} refuses a password: ${refused}`);
      online.delete(device.id);
      setTimeout(() => {
        if (!online.has(device.id)) void scramble(device.id).catch(() => undefined);
      }, PASSWORD_LIFE_MS).unref();
    },
  };
}
