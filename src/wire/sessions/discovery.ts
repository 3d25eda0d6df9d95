/**
 * Discovery of a unit on its network: DNS-SD over mDNS. Its names come from its ID, which nobody else's key hashes
 * to, so it needs no probing. What is found this way proves nothing; the session does.
 * @source PROTOCOL 5.16; RFC 6762, RFC 6763
 */
import { concat, fromHex } from "#base/bytes.ts";
import { DNS_TYPE, type DnsMessage, type DnsQuestion, encodeDnsName, encodeDnsRecord } from "#codec/dns.ts";

export const MDNS_PORT = 5353;
export const MDNS_GROUP = "224.0.0.251";
/** The service, and DNS-SD's list of services (RFC 6763 section 9). */
export const SERVICE = "_latchkey._tcp.local";
const SERVICES = "_services._dns-sd._udp.local";

/** Seconds for which others may keep a record: those with an address in them for less (RFC 6762 section 10). */
const TTL_S = 4_500;
const ADDRESS_TTL_S = 120;
/** A querier that is not itself an mDNS responder may cache records for this long (RFC 6762 section 6.7). */
const LEGACY_TTL_S = 10;

/** What a unit says of itself. */
export interface Announced {
  /** 24 hexadecimal digits. */
  readonly device: string;
  readonly ipv4: string;
  readonly port: number;
}

/** The unit's host name on its network. @param device Its ID, 24 hexadecimal digits. */
export const localNameOf = (device: string): string => `${device}.local`;

interface Own extends DnsQuestion {
  readonly ttlS: number;
  readonly data: Uint8Array;
  readonly isUnique: boolean;
}

/** PTR of the service, SRV and TXT of the instance, A of the host, PTR of the list of services: in this order. */
function ownRecords({ device, ipv4, port }: Announced): readonly Own[] {
  const [instance, host] = [`${device}.${SERVICE}`, localNameOf(device)];
  const srv = concat(Uint8Array.of(0, 0, 0, 0, port >> 8, port & 255), encodeDnsName(host));
  return [
    { name: SERVICE, type: DNS_TYPE.ptr, ttlS: TTL_S, data: encodeDnsName(instance), isUnique: false },
    { name: instance, type: DNS_TYPE.srv, ttlS: ADDRESS_TTL_S, data: srv, isUnique: true },
    { name: instance, type: DNS_TYPE.txt, ttlS: TTL_S, data: Uint8Array.of(0), isUnique: true },
    {
      name: host,
      type: DNS_TYPE.a,
      ttlS: ADDRESS_TTL_S,
      data: Uint8Array.from(ipv4.split("."), Number),
      isUnique: true,
    },
    { name: SERVICES, type: DNS_TYPE.ptr, ttlS: TTL_S, data: encodeDnsName(SERVICE), isUnique: false },
  ];
}

/** Places of the records that a query asks for, without those that it says it knows (RFC 6762 section 7.1). */
export function wantedOf(announced: Announced, message: DnsMessage): readonly number[] {
  if (message.isResponse) return [];
  const own = ownRecords(announced);
  const asked = own.map(({ name, type }) =>
    message.questions.some((each) => each.name === name && (each.type === type || each.type === DNS_TYPE.any)),
  );
  if (!asked.includes(true)) return [];
  const known = message.records() ?? [];
  return own.flatMap(({ name, type, ttlS }, place) => {
    const target = place === 0 ? `${announced.device}.${SERVICE}` : SERVICE;
    const isKnown = known.some(
      (each) =>
        each.type === DNS_TYPE.ptr &&
        type === each.type &&
        each.name === name &&
        each.target === target &&
        each.ttlS * 2 >= ttlS,
    );
    return asked[place] && !isKnown ? [place] : [];
  });
}

interface Encoded {
  readonly answers: readonly Uint8Array[];
  /** What whoever asked for the answers will ask for next (RFC 6763 section 12). */
  readonly additional: readonly Uint8Array[];
}

/**
 * The records at these places as answers, and the rest of the instance's beside them.
 * @param isLegacy Whether who asked is no mDNS responder: short lives, and nothing that DNS doesn't know.
 */
export function encodeOwn(announced: Announced, places: readonly number[], isLegacy: boolean): Encoded {
  const encoded = ownRecords(announced).map((record) =>
    encodeDnsRecord(isLegacy ? { ...record, ttlS: LEGACY_TTL_S } : record, record.isUnique && !isLegacy),
  );
  const rest = places.includes(0) || places.includes(1) ? [1, 2, 3].filter((place) => !places.includes(place)) : [];
  return {
    answers: places.map((place) => encoded[place] as Uint8Array),
    additional: rest.map((place) => encoded[place] as Uint8Array),
  };
}

/** A unit that answered. */
export interface DiscoveredUnit {
  readonly deviceId: Uint8Array;
  readonly host: string;
  readonly port: number;
}

/** Reads the units out of an answer. What is incomplete or none of ours is passed over. */
export function discoveredIn(message: DnsMessage): readonly DiscoveredUnit[] {
  const records = message.isResponse ? (message.records() ?? []) : [];
  return records.flatMap(({ name, type, data, target }) => {
    const [device = "", ...service] = name.split(".");
    const deviceId = device.length === 24 && service.join(".") === SERVICE ? fromHex(device) : undefined;
    if (type !== DNS_TYPE.srv || deviceId === undefined) return [];
    const address = records.find((each) => each.type === DNS_TYPE.a && each.name === target && each.data.length === 4);
    if (address === undefined) return [];
    return [{ deviceId, host: address.data.join("."), port: ((data[4] as number) << 8) | (data[5] as number) }];
  });
}
