/** The unit's TCP and UDP over the host's real sockets, all bound to the unit's own loopback address. */
import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { createConnection, createServer, isIPv4, type Server, Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { FAULTS } from "#base/faults.ts";
import type { PortEvent, Secure, Tcp } from "#device/port.ts";
import { piecesOf } from "./event-queue.ts";
import { checkServer } from "./server-check.ts";

/** The real boards' limits: connections at once, those of them that others opened, bytes queued on one. */
const CONNECTIONS_MAX = 8;
/** As firmware/port/tls.h has it. */
const TLS_SESSIONS_MAX = 2;
const ACCEPTED_MAX = 6;
const SEND_BUFFER_BYTES = 11_680;
/** Of 127.0.0.0/8. */
const LOOPBACK_BITS = 8;
/** What firmware/tls/mbedtls-config.h leaves of TLS. */
const TLS_LIMITS = {
  minVersion: "TLSv1.2",
  maxVersion: "TLSv1.2",
  ciphers: "ECDHE-ECDSA-CHACHA20-POLY1305",
  ecdhCurve: "P-256",
  sigalgs: "ecdsa_secp256r1_sha256",
} as const;

const HOST_BYTES_MAX = 127;
const DATAGRAM_BYTES_MAX = 1_472;
const isPort = (port: number) => Number.isInteger(port) && port >= 1 && port <= 65_535;
const isHost = (host: string) => host !== "" && Buffer.byteLength(host) <= HOST_BYTES_MAX && !host.includes("\0");
const isGroup = (address: string) => isIPv4(address) && Number.parseInt(address, 10) >> 4 === 14;

export interface Network {
  /** Takes the address that joining gave; sockets are bound to it from now on. */
  setAddress(ipv4: string | undefined): void;
  readonly tcp: Tcp;
  readonly udp: {
    send(host: string, port: number, bytes: Uint8Array, from?: number): void;
    listen(port: number, group?: string): void;
  };
  /** Closes every socket, as a power cut does. */
  shut(): void;
}

/**
 * @param broadcast Where the host name "broadcast" goes.
 * @param emit      Takes events, one at a time, never from inside a call; and whether they are of a connection that the unit opened.
 * @param warn      Takes a line for the console: what the board's network could not do, and what to do.
 * @param subnetBits How much of an address names the unit's subnet: of loopback 8, unless a test narrows it.
 */
export function openNetwork(
  broadcast: string,
  emit: (event: PortEvent, isOwn: boolean) => void,
  warn: (line: string) => void,
  subnetBits = LOOPBACK_BITS,
): Network {
  const connections = new Map<number, Socket>();
  const accepted = new Set<Socket>();
  const servers = new Map<number, Server>();
  const udpSockets = new Map<number, UdpSocket>();
  /** Sockets that hear a port's multicast group; they are bound to it, so that they hear nothing else. */
  const groupSockets = new Map<number, UdpSocket>();
  const wantedTcp = new Set<number>();
  const wantedUdp = new Map<number, string | undefined>();
  /** Sockets whose last write found no room. */
  const waiting = new Set<Socket>();
  /** Why a secured connection ended, for those that the board knows of. */
  const faults = new WeakMap<Socket, number>();
  /** Those under TLS that are not closed. */
  const secured = new Set<Socket>();
  let address: string | undefined;
  let sender: UdpSocket | undefined;

  function isOnSubnet(peer: string): boolean {
    const subnetOf = (ipv4: string) => {
      const number = ipv4.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
      return Math.floor(number / 2 ** (32 - subnetBits));
    };
    return address !== undefined && subnetOf(peer) === subnetOf(address);
  }
  function adopt(socket: Socket): number {
    for (let connection = 0; connection < CONNECTIONS_MAX; connection++) {
      if (connections.has(connection)) continue;
      connections.set(connection, socket);
      socket.setNoDelay(true);
      const isOwn = !accepted.has(socket);
      const tell = (event: PortEvent) => emit(event, isOwn);
      socket.on("data", (bytes) => {
        for (const piece of piecesOf(bytes as Buffer)) tell({ kind: "tcp-data", connection, bytes: piece });
      });
      socket.on("error", () => socket.destroy());
      socket.on("close", () => {
        if (connections.get(connection) !== socket) return;
        connections.delete(connection);
        const fault = faults.get(socket);
        tell(fault === undefined ? { kind: "tcp-closed", connection } : { kind: "tcp-closed", connection, fault });
      });
      return connection;
    }
    socket.destroy();
    return -1;
  }
  function openSecured(host: string, port: number, localAddress: string, secure: Secure): Socket {
    const { serverName } = secure;
    const isTaken = secured.size >= TLS_SESSIONS_MAX;
    if (isTaken || !isHost(serverName)) {
      const none = new Socket();
      faults.set(none, isTaken ? FAULTS.LINK_TLS_MEMORY : FAULTS.LINK_TLS_NAME);
      setImmediate(() => none.destroy());
      return none;
    }
    const options = { host, port, localAddress, servername: serverName, rejectUnauthorized: false, ...TLS_LIMITS };
    const socket = connectTls(options);
    secured.add(socket);
    socket.once("close", () => secured.delete(socket));
    // Until the server has proved who it is, whatever ends the connection is the handshake's fault.
    socket.once("connect", () => faults.set(socket, FAULTS.LINK_TLS_PROTOCOL));
    socket.once("secureConnect", () => {
      const fault = checkServer(socket, secure);
      if (fault === 0) return void faults.delete(socket);
      faults.set(socket, fault);
      socket.destroy();
    });
    return socket;
  }
  function openServer(port: number): void {
    if (address === undefined || servers.has(port)) return;
    const server = createServer((socket) => {
      if ([...connections.values()].filter((each) => accepted.has(each)).length >= ACCEPTED_MAX) {
        socket.destroy();
        return;
      }
      accepted.add(socket);
      socket.once("close", () => accepted.delete(socket));
      const connection = adopt(socket);
      const peer = socket.remoteAddress ?? "";
      if (connection >= 0) emit({ kind: "tcp-accepted", connection, port, peer, isOnSubnet: isOnSubnet(peer) }, false);
    });
    server.on("error", (error: NodeJS.ErrnoException) => {
      warn(`port ${port} of ${address} can't be listened on (${error.code}); end the program that holds it`);
      servers.delete(port);
    });
    server.listen(port, address);
    servers.set(port, server);
  }
  function openUdpSocket(sockets: Map<number, UdpSocket>, port: number, at: string, then: (socket: UdpSocket) => void) {
    if (sockets.has(port)) return;
    const socket = createSocket({ type: "udp4", reuseAddr: true });
    socket.on("message", (bytes, { address: peer, port: peerPort }) =>
      emit({ kind: "udp-data", port, peer, peerPort, bytes: new Uint8Array(bytes) }, false),
    );
    socket.on("error", (error: NodeJS.ErrnoException) => {
      warn(`UDP port ${port} of ${at} can't be listened on (${error.code})`);
      sockets.delete(port);
    });
    socket.bind(port, at, () => then(socket));
    sockets.set(port, socket);
  }
  function openUdp(port: number, group: string | undefined): void {
    const own = address;
    if (own === undefined) return;
    openUdpSocket(udpSockets, port, own, (socket) => {
      if (group === undefined) return;
      socket.setMulticastInterface(own);
      socket.setMulticastTTL(255);
    });
    if (group !== undefined) openUdpSocket(groupSockets, port, group, (socket) => socket.addMembership(group, own));
  }
  function shut(): void {
    for (const socket of connections.values()) socket.destroy();
    for (const server of servers.values()) server.close();
    for (const socket of [...udpSockets.values(), ...groupSockets.values()]) socket.close();
    sender?.close();
    sender = undefined;
    connections.clear();
    servers.clear();
    udpSockets.clear();
    groupSockets.clear();
  }
  return {
    setAddress(ipv4) {
      if (ipv4 === address) return;
      shut();
      address = ipv4;
      if (address === undefined) return;
      const socket = createSocket({ type: "udp4" });
      socket.on("error", () => undefined);
      socket.bind(0, address, () => socket.setBroadcast(true));
      sender = socket;
      for (const port of wantedTcp) openServer(port);
      for (const [port, group] of wantedUdp) openUdp(port, group);
    },
    tcp: {
      // Names, ports, groups and lengths may come from outside the unit: what can't be used leads nowhere, and nothing throws.
      listen(port) {
        if (!isPort(port)) return;
        wantedTcp.add(port);
        openServer(port);
      },
      connect(host, port, secure) {
        if (address === undefined || !isHost(host) || !isPort(port)) return -1;
        const socket =
          secure === undefined
            ? createConnection({ host, port, localAddress: address })
            : openSecured(host, port, address, secure);
        const connection = adopt(socket);
        socket.on(secure === undefined ? "connect" : "secureConnect", () => {
          if (!socket.destroyed) emit({ kind: "tcp-connected", connection }, true);
        });
        return connection;
      },
      write(connection, bytes) {
        const socket = connections.get(connection);
        if (socket === undefined || !socket.writable) return false;
        const room = accepted.has(socket) && socket.writableLength > 0 ? 0 : SEND_BUFFER_BYTES - socket.writableLength;
        if (bytes.length > room) {
          waiting.add(socket);
          socket.pause();
          return false;
        }
        socket.write(bytes, () => {
          if (!waiting.delete(socket) || connections.get(connection) !== socket) return;
          emit({ kind: "tcp-drained", connection }, !accepted.has(socket));
          socket.resume();
        });
        return true;
      },
      close(connection) {
        const socket = connections.get(connection);
        connections.delete(connection);
        if (socket !== undefined) secured.delete(socket);
        socket?.end();
        socket?.once("finish", () => socket.destroySoon());
      },
    },
    udp: {
      send(host, port, bytes, from) {
        const to = host === "broadcast" ? broadcast : host;
        if (!isHost(to) || !isPort(port) || bytes.length > DATAGRAM_BYTES_MAX) return;
        (from === undefined ? sender : udpSockets.get(from))?.send(bytes, port, to, () => undefined);
      },
      listen(port, group) {
        if (!isPort(port)) return;
        const known = group !== undefined && isGroup(group) ? group : undefined;
        wantedUdp.set(port, known);
        openUdp(port, known);
      },
    },
    shut,
  };
}
