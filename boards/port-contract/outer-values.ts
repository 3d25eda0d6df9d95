/**
 * Native functions with values that somebody outside the unit can choose: a caller, a server, whoever sends a datagram or a
 * broadcast. A board takes each for nobody, nothing or a refusal, and never throws: an exception of a native function ends the run.
 * Names of pins, reasons to restart, places in flash and the unit's own keys come from the bundle alone and are not listed.
 */
import type { Port } from "#device/port.ts";

const bytes = (byteLength: number) => new Uint8Array(byteLength);
const PORTS = [0, -1, 65_536, 1.5, Number.NaN, Number.POSITIVE_INFINITY];
const HOSTS = ["", "a".repeat(128), "a".repeat(5_000), "10.0.0.1\0x", "300.1.1.1", "\ud800", "no address"];

function each<T>(values: readonly T[], use: (value: T) => void): void {
  for (const value of values) use(value);
}

function connect(port: Port, host: string, to: number, serverName?: string): void {
  const secure = serverName !== undefined && {
    ...{ serverName, certificate: bytes(3), earliestS: 0, latestS: Number.POSITIVE_INFINITY },
  };
  const connection = secure === false ? port.tcp.connect(host, to) : port.tcp.connect(host, to, secure);
  if (connection >= 0) port.tcp.close(connection);
}

export const OUTER_VALUES: readonly (readonly [name: string, use: (port: Port) => void])[] = [
  ["a connection to a port that is none", (port) => each(PORTS, (to) => connect(port, "127.0.0.1", to))],
  ["a connection to a host that is none", (port) => each(HOSTS, (host) => connect(port, host, 9))],
  ["a server's name that is none", (port) => each(HOSTS, (name) => connect(port, "127.0.0.1", 9, name))],
  ["a connection that is none", (port) => each(PORTS, (number) => port.tcp.write(number, bytes(1)))],
  ["the end of a connection that is none", (port) => each([-1, 8, 99, 1e10], (number) => port.tcp.close(number))],
  ["a TCP port that is none", (port) => each(PORTS, (at) => port.tcp.listen(at))],
  ["a UDP port that is none", (port) => each(PORTS, (at) => port.udp.listen(at))],
  ["a group that is none", (port) => each(HOSTS, (group) => port.udp.listen(5_353, group))],
  ["a datagram to a port that is none", (port) => each(PORTS, (to) => port.udp.send("127.0.0.1", to, bytes(1)))],
  ["a datagram to an address that is none", (port) => each(HOSTS, (to) => port.udp.send(to, 9, bytes(1)))],
  ["a datagram from a port that is none", (port) => each(PORTS, (at) => port.udp.send("127.0.0.1", 9, bytes(1), at))],
  ["a datagram of any length", (port) => each([0, 1_473, 65_508], (n) => port.udp.send("127.0.0.1", 9, bytes(n)))],
  ["a network's name that is too long", (port) => port.radio.join(bytes(33), bytes(8))],
  ["a passphrase that is too long", (port) => port.radio.join(bytes(4), bytes(65))],
  ["a country's code that is none", (port) => port.radio.country(bytes(3))],
  ["an access point's name that is too long", (port) => port.radio.accessPoint(bytes(300))],
  ["a channel that is none", (port) => each([...PORTS, 0], (channel) => port.radio.listen(channel))],
  ["a point of any length", (port) => each([0, 31, 33], (n) => port.crypto.x25519(bytes(32).fill(7), bytes(n)))],
  [
    "a key or a signature of any length",
    (port) => {
      for (const length of [0, 31, 33]) port.crypto.ed25519VerifyRaw(bytes(1), bytes(64), bytes(length));
      for (const length of [0, 63, 65]) port.crypto.ed25519VerifyRaw(bytes(1), bytes(length), bytes(32));
    },
  ],
  [
    "a ciphertext of any length",
    (port) => {
      for (const n of [0, 15, 16, 17]) port.crypto.chacha20Poly1305Open(bytes(32), bytes(12), bytes(0), bytes(n));
    },
  ],
];
