/**
 * The unit that a phone's verb is about: reads its codes and the phone's memory, and opens a session on the local
 * network or through the relay.
 */
import { existsSync } from "node:fs";
import { fromHex, toHex } from "#base/bytes.ts";
import type { Fault, Result } from "#base/faults.ts";
import { readQr } from "#codec/host/qr-reader.ts";
import { discover } from "#phone/discover.ts";
import { type Learned, learn } from "#phone/learn.ts";
import { changeMemory, type Known, recall } from "#phone/memory.ts";
import { pairCodes, type Scanned } from "#phone/scan.ts";
import { consentTo } from "#phone/second-factor.ts";
import { openSession, type Session } from "#phone/session.ts";
import { type CloudRelayOptions, cloudRelayTransport, tlsToldBy } from "#phone/transports/cloud-relay.ts";
import { httpTransport } from "#phone/transports/http.ts";
import { holderSeed as cardSeed } from "#trust/grants/card-keys.ts";
import { chainOf } from "#trust/grants/mint.ts";
import { readBytes, readText } from "#trust/host/files.ts";
import { readKeyFile } from "#trust/host/key-file.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { seedSigner } from "#trust/signer.ts";
import { readLabelLink } from "#wire/grants/card.ts";
import { readGrant } from "#wire/grants/grant.ts";
import { readCloudTls } from "#wire/link/cloud-address.ts";
import { ASLEEP, waitFor } from "./asleep.ts";
import { cloudFrom } from "./cloud-address.ts";
import { tellFromPhone } from "./tell.ts";

/** What a person did can't work; one line that says what to do, and the unit's fault where it was one. */
export class PhoneTrouble extends Error {
  override name = "PhoneTrouble";
  readonly fault: Fault | undefined;
  constructor(message: string, fault?: Fault) {
    super(message);
    this.fault = fault;
  }
}

export interface PhoneOptions {
  readonly label: string;
  readonly card?: string;
  readonly memory: string;
  readonly json?: boolean;
  readonly key?: string;
  readonly chain?: string;
  /** Key file of a second factor that the chain asks for. */
  readonly dischargeKey?: string;
  /** Over the broker of the unit's cloud, from anywhere. */
  readonly remote?: boolean;
  /** Whether a call waits for a unit that sleeps; it does when absent. */
  readonly wait?: boolean;
  /** HOST:MQTT PORT:HTTP PORT:NAME of that cloud, where this phone was never told by the unit. */
  readonly cloud?: string;
  /** PEM file of the authority behind the cloud's TLS, or "system". */
  readonly cloudCa?: string;
  /** The name in the cloud's certificate, where it isn't the host. */
  readonly cloudServer?: string;
}

/** A code's text: read from a picture where the word names a file. */
export async function codeText(what: string, word: string): Promise<string> {
  if (!existsSync(word)) return word;
  const bytes = readBytes(word);
  // A file with the link or the characters, so that a card need not be an argument.
  const written = /^[\x20-\x7e\ufeff\r\n]{1,2000}$/.test(Buffer.from(bytes).toString("utf8")) ? readText(word) : "";
  const line = written.split("\n").find((each) => /^(https:\/\/|[0-9a-z -]{31,60}$)/i.test(each.trim()));
  if (line !== undefined) return line.trim();
  const text = await readQr(bytes);
  if (text === undefined)
    throw new PhoneTrouble(`there is no QR code in ${word}; take the picture of the ${what} again`);
  return text;
}

/** The unit's ID in hexadecimal digits, as its label says it. */
export async function unitId(options: Pick<PhoneOptions, "label">): Promise<string> {
  const label = readLabelLink(await codeText("label", options.label));
  if (!label.ok) throw new PhoneTrouble(`not a Latchkey label (${label.fault}); scan the label on the unit`);
  return toHex(label.value);
}

export async function scan(options: PhoneOptions): Promise<Scanned> {
  if (options.card === undefined) throw new PhoneTrouble("scan the card too: --card PICTURE");
  const scanned = pairCodes(await codeText("label", options.label), await codeText("card", options.card));
  if (scanned.ok) return scanned.value;
  const advice =
    scanned.fault === "SCAN_PAIR"
      ? "the card belongs to another device than the label"
      : "that is not our label and card";
  throw new PhoneTrouble(`${advice} (${scanned.fault}); scan the two that came in one box`);
}

/** Says what came of it, for people or as one JSON object. */
export function print(options: PhoneOptions, fields: Readonly<Record<string, unknown>>, sentence: string): void {
  process.stdout.write(options.json ? `${JSON.stringify(fields)}\n` : `${sentence}\n`);
}

const RATE_WAIT_MS = 1000;
const RATE_TRIES = 20;

/** Who calls on which unit, and what this phone remembers of it. */
interface CallContext {
  readonly id: string;
  readonly deviceId: Uint8Array;
  readonly holderSeed: Uint8Array;
  readonly chain: Uint8Array | undefined;
  readonly known: Known | undefined;
}

export async function callContextOf(options: PhoneOptions): Promise<CallContext> {
  // What is wrong with a second factor's file is said before the unit is asked.
  if (options.dischargeKey !== undefined) readKeyFile(options.dischargeKey, "holder");
  const isGuest = options.key !== undefined;
  const scanned = isGuest ? undefined : await scan(options);
  const label = readLabelLink(await codeText("label", options.label));
  if (!label.ok) throw new PhoneTrouble(`not a Latchkey label (${label.fault}); scan the label on the unit`);
  const holderSeed = isGuest
    ? readKeyFile(options.key as string, "holder").seed
    : cardSeed(nodePrimitives, (scanned as Scanned).secret, label.value);
  const given = options.chain === undefined ? undefined : fromHex(readText(options.chain).trim());
  if (options.chain !== undefined && given === undefined) throw new PhoneTrouble(`${options.chain} holds no chain`);
  // A bare grant, as the maker sends it with a reissued card, is a chain of one.
  const chain = given !== undefined && readGrant(given).ok ? chainOf(given) : given;
  const id = toHex(label.value);
  return { id, deviceId: label.value, holderSeed, chain, known: recall(options.memory, id) };
}

/** Does something again for as long as a unit or cloud says that it is asked too often. */
async function inTurn<T>(work: () => Promise<Result<T>>): Promise<Result<T>> {
  let done = await work();
  // A unit takes few handshakes a minute from one address: a busy phone waits its turn.
  for (let tries = 1; !done.ok && done.fault === "SESSION_RATE" && tries < RATE_TRIES; tries++) {
    await new Promise((resolve) => setTimeout(resolve, RATE_WAIT_MS));
    done = await work();
  }
  return done;
}

/** Opens a session as the card's owner, or as a guest with a key and a chain: at home, or over the unit's cloud. */
export async function openUnitSession(options: PhoneOptions): Promise<Session> {
  const call = await callContextOf(options);
  const isRemote = options.remote === true;
  const session = await (isRemote ? cloudSession(options, call) : sessionAtHome(options, call));
  await tellFromPhone(session, call, !isRemote);
  if (options.dischargeKey !== undefined) await consent(options.dischargeKey, call.chain, session);
  return session;
}

/** Brings the consent of a second factor, whose key file the person named. */
async function consent(path: string, chain: Uint8Array | undefined, session: Session): Promise<void> {
  const factor = seedSigner(nodePrimitives, readKeyFile(path, "holder").seed);
  const done = chain === undefined ? undefined : await consentTo(session, chain, factor);
  if (done?.ok === true && done.value > 0) return;
  await session.close();
  if (done?.ok === false)
    throw new PhoneTrouble(`the unit does not take the consent of ${path} (${done.fault})`, done.fault);
  throw new PhoneTrouble(
    `this key asks for no consent of ${path}; leave --discharge-key out, or name the right key file`,
  );
}

async function sessionAtHome(options: PhoneOptions, call: CallContext): Promise<Session> {
  const { known, id, deviceId, holderSeed, chain } = call;
  const more = chain === undefined ? {} : { chain };
  const openAt = (at: { host: string; port: number }) =>
    inTurn(async () => {
      const transport = httpTransport(at);
      const opened = await openSession({ primitives: nodePrimitives, transport, deviceId, holderSeed, ...more });
      // A unit has few connections: one that a refused attempt kept open would be missing for the next.
      if (!opened.ok) await transport.close();
      return opened;
    });
  let at = known?.port === 0 ? undefined : known;
  let session = at === undefined ? undefined : await openAt(at);
  if (session === undefined || (!session.ok && session.fault === "SESSION_UNREACHABLE")) {
    // It may have another address by now, or this phone was never told. Who answers proves it in the session.
    const [found] = (await discover({ device: id })).filter((each) => toHex(each.deviceId) === id);
    const isElsewhere = found !== undefined && (found.host !== at?.host || found.port !== at.port);
    if (isElsewhere) {
      at = { ...(known ?? { lastCounter: 0 }), host: found.host, port: found.port };
      session = await openAt(at);
      const { host, port } = found;
      if (session.ok) at = changeMemory(options.memory, id, (now) => ({ lastCounter: 0, ...now, host, port }));
    }
  }
  if (at === undefined || session === undefined) {
    throw new PhoneTrouble(
      "the unit isn't on this network, and this phone doesn't know it; onboard it first",
      "SESSION_UNREACHABLE",
    );
  }
  if (!session.ok) throw new PhoneTrouble(`the unit opens no session (${session.fault})`, session.fault);
  const isNews = at.cloud === undefined || (options.key === undefined && at.grant === undefined);
  if (isNews) await learnOf(options, { id, known: at }, session.value);
  return session.value;
}

/**
 * Remembers what this phone needs to reach the unit through the relay. A failure is ignored: the next session tries
 * again.
 */
async function learnOf(
  options: PhoneOptions,
  { id, known }: Pick<CallContext, "id" | "known">,
  session: Session,
): Promise<Learned | undefined> {
  const learned = await learn(session);
  if (!learned.ok || known === undefined) return undefined;
  const { cloud, cloudTls, grant } = learned.value;
  const told = { ...(cloudTls && { cloudTls: toHex(cloudTls) }), ...(grant && { grant: toHex(grant) }) };
  changeMemory(options.memory, id, (now) => {
    const { cloudTls: _, ...rest } = now ?? known;
    return { ...rest, cloud: cloud ?? null, ...told };
  });
  return learned.value;
}

const AT_HOME = "at home, run once: latchkey phone learn";

async function cloudSession(
  options: PhoneOptions,
  { known, deviceId, holderSeed, chain }: CallContext,
): Promise<Session> {
  const cloud = options.cloud === undefined ? known?.cloud : cloudFrom(options.cloud);
  if (cloud === null) throw new PhoneTrouble("this unit has no cloud; it is reached at home only");
  if (cloud === undefined) throw new PhoneTrouble(`this phone doesn't know where the unit's cloud is; ${AT_HOME}`);
  const grant = known?.grant === undefined ? undefined : fromHex(known.grant);
  const shown = chain ?? (grant && chainOf(grant));
  if (shown === undefined)
    throw new PhoneTrouble(`this phone doesn't know your grant, which the unit's cloud requires; ${AT_HOME}`);
  const way = {
    ...{ primitives: nodePrimitives, cloud, deviceId, holderSeed, chain: shown, ...tlsOf(options, known) },
    onAsleep: (untilS: number | undefined) => waitFor(untilS, options.wait),
  };
  const transport = await inTurn(() => cloudRelayTransport(way));
  if (!transport.ok) throw new PhoneTrouble(cloudTroubleLine(transport.fault), transport.fault);
  // A remembered grant may have been replaced: an empty chain stands for the one that the unit holds.
  const session = await inTurn(() =>
    openSession({
      primitives: nodePrimitives,
      transport: transport.value,
      deviceId,
      holderSeed,
      ...(chain && { chain }),
    }),
  );
  if (session.ok) return session.value;
  await transport.value.close();
  if (session.fault === "SESSION_ASLEEP") throw new PhoneTrouble(ASLEEP, session.fault);
  throw new PhoneTrouble(
    session.fault === "SESSION_UNREACHABLE"
      ? `the unit has no link to its cloud now (${session.fault}); at home, ask it why: latchkey phone cloud`
      : `the unit opens no session (${session.fault})`,
    session.fault,
  );
}

function cloudTroubleLine(fault: Fault): string {
  if (fault === "SESSION_UNREACHABLE")
    return `the unit's cloud can't be reached (${fault}); check this phone's own network`;
  if (fault === "LINK_DEVICE") return `the cloud doesn't know this unit (${fault}); it was never enrolled there`;
  if (fault === "GRANT_ISSUER")
    return `the cloud doesn't know who issued this grant (${fault}); its operator runs: latchkey keys issuer`;
  return `the unit's cloud lets this key in no more (${fault}); ${AT_HOME}`;
}

/** What was said on the command line, else what the unit told of its own cloud. */
function tlsOf(
  { cloud, cloudCa, cloudServer }: PhoneOptions,
  known: Known | undefined,
): Pick<CloudRelayOptions, "tls"> {
  const servername = cloudServer && { servername: cloudServer };
  if (cloudCa === "system") return { tls: { ...servername } };
  if (cloudCa !== undefined) return { tls: { ca: readText(cloudCa), ...servername } };
  const bytes = cloud === undefined && known?.cloudTls !== undefined ? fromHex(known.cloudTls) : undefined;
  if (bytes === undefined) return {};
  const read = readCloudTls(bytes);
  const told = read && tlsToldBy(read);
  // A unit that can't read it has no link either (PROTOCOL 7.8): never in the clear instead.
  if (told === undefined) {
    throw new PhoneTrouble("what the unit told of its cloud's TLS can't be read; name the authority with --cloud-ca");
  }
  return { tls: { ...told, ...servername } };
}

/** Asks the unit, on the local network, for what this phone needs to reach it through the relay, and remembers it. */
export async function learnUnit(options: PhoneOptions): Promise<void> {
  const call = await callContextOf(options);
  const session = await sessionAtHome(options, call);
  try {
    const learned = await learnOf(options, call, session);
    const at = learned?.cloud;
    if (learned === undefined) throw new PhoneTrouble("the unit doesn't answer; try again");
    const cloud = at === undefined ? null : `${at.host}:${at.mqttPort}:${at.httpPort}:${at.broker}`;
    const who = learned.grant === undefined ? "" : ", and you are its owner";
    print(options, { cloud, owner: learned.grant !== undefined }, `the unit's cloud is ${cloud ?? "nowhere"}${who}`);
  } finally {
    await session.close();
  }
}
