/** Shows where a unit's cloud is and how the link stands, or moves it: `latchkey phone cloud`. */
import { toHex } from "#base/bytes.ts";
import { readAuthorities } from "#factory/authorities.ts";
import { recall, remember } from "#phone/memory.ts";
import type { Session } from "#phone/session.ts";
import { askCloud, linkAdvice, moveCloud, type NewCloud, type UnitCloud } from "#phone/unit-cloud.ts";
import { readLabelLink } from "#wire/grants/card.ts";
import type { CloudAddress } from "#wire/link/cloud-address.ts";
import { cloudFrom } from "./cloud-address.ts";
import { codeText, openUnitSession, type PhoneOptions, PhoneTrouble, print } from "./unit.ts";

export interface CloudMove extends PhoneOptions {
  readonly factory?: boolean;
  readonly timeout: number;
}

const LOOK_MS = 500;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const textOf = ({ host, mqttPort, httpPort, broker }: CloudAddress) => `${host}:${mqttPort}:${httpPort}:${broker}`;

async function told(session: Session): Promise<UnitCloud> {
  const answer = await askCloud(session);
  if (!answer.ok) throw new PhoneTrouble(`the unit doesn't say where its cloud is (${answer.fault})`, answer.fault);
  return answer.value;
}

function wanted(address: string, { cloudCa, cloudServer }: CloudMove): NewCloud {
  const cloud = cloudFrom(address);
  if (cloudCa === undefined) {
    if (cloudServer !== undefined) {
      throw new PhoneTrouble(
        "--cloud-server names who the certificate is for; give its authority too: --cloud-ca FILE",
      );
    }
    return cloud;
  }
  if (cloudCa === "system") {
    throw new PhoneTrouble("a unit has no authorities of its own; give the cloud's as a PEM file: --cloud-ca FILE");
  }
  return {
    ...cloud,
    tls: { serverName: cloudServer ?? cloud.host, authorities: readAuthorities(cloudCa, "--cloud-ca") },
  };
}

function show(options: CloudMove, { address, isTls, link, keySet }: UnitCloud): void {
  const fields = {
    cloud: address === undefined ? null : textOf(address),
    tls: isTls,
    link: link ?? null,
    keySet: keySet ?? null,
  };
  const keys = keySet === undefined ? "" : `; it uses key set ${keySet}`;
  if (address === undefined) return print(options, fields, `the unit has no cloud${keys}`);
  const where = `the unit's cloud is ${textOf(address)}, ${isTls ? "under TLS" : "without TLS"}`;
  if (link === "up") return print(options, fields, `${where}, and the link is up${keys}`);
  if (link === undefined) return print(options, fields, `${where}; it has not connected yet${keys}`);
  print(
    options,
    { ...fields, advice: linkAdvice(link) },
    `${where}; there is no link (${link}): ${linkAdvice(link)}${keys}`,
  );
}

/** What this phone remembers of the unit's cloud would lead --remote to the old place. */
async function forgetCloud({ label, memory }: CloudMove): Promise<void> {
  const read = readLabelLink(await codeText("label", label));
  const id = read.ok ? toHex(read.value) : "";
  const known = recall(memory, id);
  if (known === undefined) return;
  const { cloud: _, cloudTls: __, ...rest } = known;
  remember(memory, id, rest);
}

/** Without an address, shows; with one, moves the unit there and waits for its link. */
export async function unitCloud(address: string | undefined, options: CloudMove): Promise<void> {
  if (address === undefined && options.factory !== true) {
    const session = await openUnitSession({ ...options });
    try {
      return show(options, await told(session));
    } finally {
      await session.close();
    }
  }
  if (address !== undefined && options.factory === true) {
    throw new PhoneTrouble("give an address, or --factory for the one that the unit was made with, not both");
  }
  const cloud = address === undefined ? undefined : wanted(address, options);
  const session = await openUnitSession(options);
  try {
    const answer = await moveCloud(session, cloud);
    if (!answer.ok) throw new PhoneTrouble(refusal(answer.fault), answer.fault);
    await forgetCloud(options);
    const before = await told(session);
    if (cloud !== undefined && (before.address === undefined || textOf(before.address) !== textOf(cloud))) {
      throw new PhoneTrouble("the unit still names another cloud; its flash may be full or worn");
    }
    if (before.address === undefined) return show(options, before);
    const endMs = Date.now() + options.timeout * 1000;
    for (let now = before; ; now = await told(session)) {
      if (now.link === "up") return show(options, now);
      if (Date.now() > endMs) {
        const why = now.link === undefined ? "" : ` (${now.link}): ${linkAdvice(now.link)}`;
        throw new PhoneTrouble(`the unit goes there now, but has no link after ${options.timeout} s${why}`, now.link);
      }
      await pause(LOOK_MS);
    }
  } finally {
    await session.close();
  }
}

function refusal(fault: string): string {
  if (fault === "SESSION_OWNER") return `only the unit's owner may move it to another cloud (${fault}): use the card`;
  if (fault === "SESSION_CLOUD") return `the unit can't use that address (${fault}); check host, ports and authority`;
  return `the unit isn't moved (${fault})`;
}
