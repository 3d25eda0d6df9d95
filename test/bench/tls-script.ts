/** Joins a network and connects once under TLS, for `BOARD/tls-handshake`: the firmware says what it took. */
import { fromHex } from "#base/bytes.ts";
import { utf8 } from "#base/utf8.ts";
import type { Port } from "#device/port.ts";

/** @param authority DER in hexadecimal of the certificate that the server's leads to. */
export function connectOnce(port: Port, tcpPort: number, serverName: string, authority: string): void {
  const say = (text: string) => port.console.write(utf8(`bench ${text}\n`));
  const certificate = fromHex(authority) as Uint8Array;
  port.onEvent((event) => {
    if (event.kind === "radio-joined") {
      port.tcp.connect("127.0.0.1", tcpPort, { serverName, certificate, earliestS: 0, latestS: 1e12 });
    }
    if (event.kind === "tcp-connected") say("connected");
    if (event.kind === "tcp-closed") say(`closed ${event.fault ?? 0}`);
  });
  port.radio.join(utf8("bench"), new Uint8Array(0));
}
