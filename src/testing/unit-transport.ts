/** A phone's transport to the unit of a test: HTTP over a connection of the virtual board. */
import { concat } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import { utf8 } from "#base/utf8.ts";
import type { Transport } from "#phone/transport.ts";
import { PATH, readRefusal } from "#wire/sessions/session.ts";
import type { VirtualBoard } from "./virtual-port.ts";

export const TCP_PORT = 8_080;
/** The unit's address on its network. */
export const ADDRESS = "10.0.0.1";
const HEAD_END = "\r\n\r\n";

function answerIn(bytes: Uint8Array): Result<Uint8Array> {
  const whole = new TextDecoder("latin1").decode(bytes);
  const body = bytes.slice(whole.indexOf(HEAD_END) + HEAD_END.length);
  return whole.startsWith("HTTP/1.1 200 ") ? ok(body) : refuse(readRefusal(body));
}

/**
 * @param board  The board as it runs now.
 * @param deliver Shows the unit an event, with the app's globals in place.
 * @param nextConnection Gives a number that no connection had before.
 */
export function unitTransport(
  board: VirtualBoard,
  deliver: (event: Parameters<VirtualBoard["emit"]>[0]) => void,
  nextConnection: () => number,
): Transport {
  let heard: ((answer: Result<Uint8Array>) => void) | undefined;
  /** Undefined while there is no connection. */
  let connection: number | undefined;
  let isEnded = false;
  const answer = (result: Result<Uint8Array>) => {
    heard?.(result);
    heard = undefined;
  };
  const { sent, closed } = board;
  board.sent = (to, bytes) => (to === connection ? answer(answerIn(bytes)) : sent(to, bytes));
  board.closed = (which) => {
    if (which !== connection) return closed(which);
    connection = undefined;
    answer(refuse("SESSION_UNREACHABLE"));
  };
  board.ended.push(() => {
    isEnded = true;
    answer(refuse("SESSION_UNREACHABLE"));
  });
  return {
    exchange: (path, body) =>
      new Promise((resolve) => {
        if (isEnded) return resolve(refuse("SESSION_UNREACHABLE"));
        heard = resolve;
        if (connection === undefined) {
          connection = nextConnection();
          deliver({ kind: "tcp-accepted", connection, port: TCP_PORT, peer: "10.0.0.2", isOnSubnet: true });
        }
        const head = [
          `${path === "key" ? "GET" : "POST"} ${PATH[path]} HTTP/1.1`,
          `Host: ${ADDRESS}:${TCP_PORT}`,
          `Content-Length: ${body.length}`,
        ].join("\r\n");
        deliver({ kind: "tcp-data", connection, bytes: concat(utf8(head + HEAD_END), body) });
      }),
    async close() {
      if (!isEnded && connection !== undefined) deliver({ kind: "tcp-closed", connection });
    },
  };
}
