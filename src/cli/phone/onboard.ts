/** `latchkey phone onboard`: broadcasts credentials until the unit answers. */
import { fromHex, toHex } from "#base/bytes.ts";
import { CLEAR_LINE, showsProgress } from "#cli/terminal.ts";
import { timeoutMsOf } from "#cli/values/duration.ts";
import { secretFrom } from "#cli/values/secret.ts";
import { changeMemory, type Known, recall } from "#phone/memory.ts";
import { messageFor, type SentProtocol } from "#phone/message.ts";
import { type Onboarded, onboard } from "#phone/onboard.ts";
import { openUdpTransport } from "#phone/transports/udp.ts";
import { airKey } from "#trust/grants/card-keys.ts";
import { AppKeyError, readAppKey } from "#trust/host/app-key-file.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { readLabelLink } from "#wire/grants/card.ts";
import { type CredentialOptions, credentialsOf, PASSPHRASE } from "./credentials.ts";
import { codeText, type PhoneOptions, PhoneTrouble, print, scan } from "./unit.ts";
import { zoneRuleFrom } from "./zone.ts";

/** A directed broadcast that never leaves this machine, and who sends there. */
const LOOPBACK_BROADCAST = "127.255.255.255";
const LOOPBACK = "127.0.0.1";
/** Air has the card's key, the others none. */
const UNSEALED: readonly SentProtocol[] = ["air", "esptouch-v1", "tuya-ez"];
const PROVISIONAL = "it forgets the network in ten minutes unless a card-holder's session comes: latchkey phone call";

export interface OnboardOptions extends Omit<PhoneOptions, "label">, Omit<CredentialOptions, "passphrase"> {
  readonly passphrase?: string;
  readonly passphraseFile?: string;
  /** Only Air needs label and card; an older protocol's join is provisional, so anyone may ask for it. */
  readonly label?: string;
  readonly broadcast?: string | true;
  readonly multicast?: boolean;
  readonly key?: string;
  readonly timeout: string;
  /** The time zone where the unit is: a name or a POSIX TZ rule. */
  readonly zone?: string;
}

/** Which unit is meant, as far as the codes tell. */
interface Meant {
  readonly deviceId?: Uint8Array;
  readonly airKey?: Uint8Array;
  readonly known?: Known | undefined;
}

async function meantBy({ label, card, memory, protocol }: OnboardOptions): Promise<Meant> {
  if (label === undefined) {
    if (card !== undefined) throw new PhoneTrouble("scan the label too: --label PICTURE");
    if (protocol === "air")
      throw new PhoneTrouble("Air is sealed for one unit; scan both: --label PICTURE --card PICTURE");
    if (protocol === "tuya-ez") {
      throw new PhoneTrouble("by tuya-ez a unit answers with its signed hello alone; scan the label: --label PICTURE");
    }
    return {};
  }
  if (card === undefined) {
    if (protocol === "air") throw new PhoneTrouble("scan the card too: --card PICTURE");
    const read = readLabelLink(await codeText("label", label));
    if (!read.ok) throw new PhoneTrouble(`not a Latchkey label (${read.fault}); scan the label on the unit`);
    return { deviceId: read.value, known: recall(memory, toHex(read.value)) };
  }
  const { deviceId, secret } = await scan({ label, card, memory });
  const known = recall(memory, toHex(deviceId));
  return { deviceId, airKey: airKey(nodePrimitives, secret, deviceId), known };
}

/** The key that the maker's app has: 32 hexadecimal digits, or the file that holds them, so that it need not stand in a shell's history. */
function appKey(protocol: SentProtocol, given: string): Uint8Array {
  if (UNSEALED.includes(protocol)) throw new PhoneTrouble(`${protocol} has no AES key; leave --key out`);
  const key = fromHex(given);
  if (key?.length === 16) return key;
  // What looks like a mistyped key is not said back.
  if (key !== undefined || /^[0-9a-f]{16,}$/i.test(given)) {
    throw new PhoneTrouble("--key wants 32 hexadecimal digits, or the file that holds them");
  }
  try {
    return readAppKey(given);
  } catch (error) {
    if (!(error instanceof AppKeyError)) throw error;
    throw new PhoneTrouble(`--key: ${error.message}`);
  }
}

export async function onboardUnit(options: OnboardOptions): Promise<void> {
  const { protocol } = options;
  const told = (await secretFrom(PASSPHRASE, options.passphrase, options.passphraseFile)) ?? "";
  const { ssid, name, passphrase, extra } = credentialsOf({ ...options, passphrase: told });
  const aesKey = options.key === undefined ? undefined : appKey(protocol, options.key);
  const timeoutMs = timeoutMsOf("--timeout", options.timeout);
  const zone = options.zone === undefined ? undefined : zoneRuleFrom(options.zone);
  const { deviceId, airKey: key, known } = await meantBy(options);
  const nowS = Math.floor(Date.now() / 1000);
  const lastCounter = known?.lastCounter ?? 0;
  const message = messageFor(
    protocol,
    {
      ssid,
      passphrase,
      bssid: new Uint8Array(6),
      ...(key === undefined ? {} : { air: { key, lastCounter, nowS } }),
      ...(extra === undefined ? {} : { extra }),
      ...(aesKey === undefined ? {} : { aesKey }),
    },
    nodePrimitives,
  );
  if (!message.ok) {
    const reason =
      message.fault === "AIR_SEQUENCES"
        ? "name, passphrase and --extra are together too long for it; shorten --extra"
        : "it takes no such combination of fields";
    throw new PhoneTrouble(`these credentials can't be sent by ${protocol} (${message.fault}): ${reason}`);
  }
  const { broadcast = LOOPBACK_BROADCAST } = options;
  const host = broadcast === true ? "255.255.255.255" : broadcast;
  const transport = await openUdpTransport(host.startsWith("127.") ? LOOPBACK : undefined);
  try {
    const isMulticast = options.multicast === true;
    const meant = deviceId === undefined ? {} : { deviceId };
    const request = { ...message.value, ...meant, host, isMulticast, timeoutMs };
    const isShown = showsProgress(process.stderr) && !options.json;
    const answer = await onboard(request, transport, nodePrimitives, ({ elapsedMs, packets }) => {
      if (isShown) process.stderr.write(`\r${packets} packets in ${(elapsedMs / 1000).toFixed(1)} s `);
    });
    if (isShown) process.stderr.write(CLEAR_LINE);
    if (!answer.ok) {
      throw new PhoneTrouble(
        "the unit did not answer; is it powered, is the password right, does it listen for this protocol? Try again, or hold its button",
      );
    }
    const counter = protocol === "air" ? Math.max(nowS, lastCounter + 1) : lastCounter;
    tell(options, answer.value, { name, zone, counter });
  } finally {
    transport.close();
  }
}

/** Says who answered and what that is worth, and remembers a unit that proved who it is. */
function tell(
  options: OnboardOptions,
  answer: Onboarded,
  { name: ssid, counter, zone }: { readonly name: string; readonly counter: number; readonly zone: string | undefined },
): void {
  const { protocol, memory } = options;
  const isProvisional = protocol !== "air";
  const seconds = (answer.elapsedMs / 1000).toFixed(2);
  const elapsedMs = Math.round(answer.elapsedMs);
  const asked = { ...options, label: options.label ?? "" };
  const more = isProvisional ? `; ${PROVISIONAL}` : "";
  if (!answer.proved) {
    const host = answer.ipv4;
    print(
      asked,
      { host, elapsedMs, proved: false, provisional: true },
      `someone at ${host} says that it is on ${ssid}, after ${seconds} s; without its label nothing proves who${more}`,
    );
    return;
  }
  const { hello } = answer;
  const id = toHex(hello.deviceId);
  changeMemory(memory, id, (now) => ({
    ...now,
    ...{ host: hello.ipv4, port: hello.tcpPort, lastCounter: Math.max(counter, now?.lastCounter ?? 0) },
    // The owner's first session tells it to the unit.
    ...(zone !== undefined && { zone }),
  }));
  print(
    asked,
    { deviceId: id, host: hello.ipv4, port: hello.tcpPort, elapsedMs, proved: true, provisional: isProvisional },
    `${id} is on ${ssid} at ${hello.ipv4}:${hello.tcpPort}, proved by its key, after ${seconds} s${more}`,
  );
}
