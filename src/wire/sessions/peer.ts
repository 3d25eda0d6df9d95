/** Somebody on the unit's own network, as text: `address:port` (PROTOCOL 5.21, request 28). */

export interface Peer {
  /** IPv4, dotted. */
  readonly host: string;
  readonly port: number;
}

const FORM = /^([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3}):([0-9]{1,5})$/;

/** Reads one; undefined for anything that nobody can be reached at. */
export function readPeer(text: string): Peer | undefined {
  const [, ...numbers] = FORM.exec(text) ?? [];
  const port = Number(numbers[4]);
  const octets = numbers.slice(0, 4).map(Number);
  if (numbers.length !== 5 || octets.some((octet) => octet > 255) || port < 1 || port > 65_535) return undefined;
  return { host: octets.join("."), port };
}
