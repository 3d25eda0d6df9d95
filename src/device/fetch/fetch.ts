/**
 * `fetch` for apps: one HTTPS request at a time, to servers that the product's authorities vouch for (fetch.ca of
 * flash.config.json). A bundle has it only where that is named.
 * @source docs/adr/0118-fetch.md
 */
import { concat, fromHex } from "#base/bytes.ts";
import { faultNumber } from "#base/faults.ts";
import { fromUtf8, utf8 } from "#base/utf8.ts";
import { type AppNetwork, appNetwork, listenTo } from "./app-network.ts";
import { ANSWER_BYTES_MAX, AnswerFault, BODY_BYTES_MAX, type HttpAnswer, readAnswer } from "./http-answer.ts";

/** From the call to the end of the answer: a caller of the app, who waits for ten seconds, then still hears of it. */
const TIME_MS = 9_000;
const SENT_BYTES_MAX = 4_096;
const URL_FORM = /^https:\/\/([A-Za-z0-9.-]{1,120})(?::(\d{1,5}))?(\/[!-~]{0,512})?$/;
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
const OWN_HEADERS = ["host", "content-length", "connection", "transfer-encoding", "accept-encoding"];

interface Init {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly serverName?: string;
}

const TROUBLES: ReadonlyMap<number, string> = new Map([
  [faultNumber("LINK_TLS_ISSUER"), "shows a certificate of no authority in fetch.ca"],
  [faultNumber("LINK_TLS_NAME"), "shows a certificate for another name"],
  [faultNumber("LINK_TLS_TIME"), "shows a certificate that is over, or not valid yet"],
  [
    faultNumber("LINK_TLS_PROTOCOL"),
    "speaks no TLS that units speak: 1.2, ECDHE-ECDSA-CHACHA20-POLY1305, records of 4,096 bytes",
  ],
  [faultNumber("LINK_TLS_ABSENT"), "cannot be asked: this image has no TLS; flash the board's image with it"],
  [faultNumber("LINK_TLS_MEMORY"), "cannot be asked now: there is no memory for TLS"],
]);

interface Asked {
  readonly host: string;
  readonly port: number;
  readonly serverName: string;
  readonly isHead: boolean;
  readonly bytes: Uint8Array;
}

function asked(url: string, { method = "GET", headers = {}, body = "", serverName }: Init): Asked {
  const [, host, port = "443", path = "/"] = URL_FORM.exec(String(url).split("#", 1)[0] ?? "") ?? [];
  if (host === undefined || !(Number(port) >= 1 && Number(port) <= 65_535)) {
    throw new TypeError(`fetch: "${String(url)}" (expected https://HOST/PATH or https://HOST:PORT/PATH, in ASCII)`);
  }
  if (!METHODS.includes(method)) throw new TypeError(`fetch: method "${method}" (expected ${METHODS.join(", ")})`);
  const content = typeof body === "string" ? utf8(body) : body;
  if (content.length > SENT_BYTES_MAX) {
    throw new RangeError(`fetch: a body of ${content.length} bytes (expected at most ${SENT_BYTES_MAX})`);
  }
  const lines = Object.entries(headers).map(([name, value]) => {
    const isField = /^[\w!#$%&'*+.^`|~-]+$/.test(name) && /^[\t -~]*$/.test(value);
    if (!isField || OWN_HEADERS.includes(name.toLowerCase()))
      throw new TypeError(`fetch: header "${name}" is not for apps, or no header`);
    return `${name}: ${value}\r\n`;
  });
  const length =
    content.length > 0 || method === "POST" || method === "PUT" ? `Content-Length: ${content.length}\r\n` : "";
  const to = port === "443" ? host : `${host}:${port}`;
  const head = `${method} ${path} HTTP/1.1\r\nHost: ${to}\r\nConnection: close\r\n${lines.join("")}${length}\r\n`;
  if (head.length > SENT_BYTES_MAX)
    throw new RangeError(`fetch: ${head.length} bytes of headers (expected at most ${SENT_BYTES_MAX})`);
  const known = { host, port: Number(port), serverName: serverName ?? host, isHead: method === "HEAD" };
  return { ...known, bytes: concat(utf8(head), content) };
}

/** What an app gets: a small part of the standard's Response. */
function responseOf({ status, headers, body }: HttpAnswer) {
  const text = async () => {
    const decoded = fromUtf8(body);
    if (decoded === undefined) throw new TypeError("fetch: the answer is not UTF-8");
    return decoded;
  };
  return {
    status,
    ok: status >= 200 && status < 300,
    headers: { get: (name: string) => headers.get(name.toLowerCase()) ?? null },
    text,
    json: async () => JSON.parse(await text()) as unknown,
    bytes: async () => body,
  };
}

let isBusy = false;

/** What a server's certificate is held to. */
interface Trusted {
  /** DER of the authorities that may vouch for it. */
  readonly certificate: Uint8Array;
  /** Unix seconds before which the present is not. */
  readonly builtS: number;
}

/** Sends and hears one exchange. */
function exchange(network: AppNetwork, { certificate, builtS }: Trusted, request: Asked): Promise<HttpAnswer> {
  const { host, port, serverName } = request;
  return new Promise((resolve, reject) => {
    let received = new Uint8Array(0);
    let timer = 0;
    const connection = network.connect(host, port, builtS, { serverName, certificate });
    const finish = (outcome: HttpAnswer | string) => {
      listenTo(undefined);
      network.cancel(timer);
      if (connection >= 0) network.close(connection);
      isBusy = false;
      if (typeof outcome === "string") reject(new Error(`fetch: ${host} ${outcome}`));
      else resolve(outcome);
    };
    const look = (isEnded: boolean) => {
      try {
        const answer = readAnswer(received, request.isHead, isEnded);
        if (answer === undefined) return;
        const location = answer.headers.get("location");
        const isElsewhere = answer.status >= 300 && answer.status < 400 && location !== undefined;
        finish(isElsewhere ? `sends you to ${location.slice(0, 120)} (${answer.status}): fetch that instead` : answer);
      } catch (error) {
        finish(error instanceof AnswerFault ? error.message : "sends what is no HTTP");
      }
    };
    if (connection < 0) return finish("cannot be reached: the unit is on no network, or has no free connection");
    timer = network.after(TIME_MS, () => finish(`did not answer within ${TIME_MS / 1_000} s`));
    listenTo({
      connection,
      take(event) {
        if (event.kind === "tcp-connected") {
          if (!network.write(connection, request.bytes)) finish("ended the connection before it had answered");
        } else if (event.kind === "tcp-data") {
          if (received.length + event.bytes.length > ANSWER_BYTES_MAX) {
            return finish(`answers with more than a unit takes (${BODY_BYTES_MAX} bytes)`);
          }
          received = concat(received, event.bytes) as typeof received;
          look(false);
        } else if (event.kind === "tcp-closed") {
          const trouble =
            event.fault === undefined ? undefined : (TROUBLES.get(event.fault) ?? `fails (${event.fault})`);
          if (trouble !== undefined) finish(trouble);
          else look(true);
        }
      },
    });
  });
}

/**
 * @param authorities DER of the product's authorities, one after the other, in hexadecimal.
 * @param builtS      When the bundle was built, in Unix seconds.
 */
export function createFetch(authorities: string, builtS: number) {
  const trusted = { certificate: fromHex(authorities) ?? new Uint8Array(0), builtS };
  return async (url: string, init: Init = {}) => {
    const request = asked(url, init);
    const network = appNetwork();
    if (network === undefined) throw new Error("fetch: called before the app has started: call it in start or later");
    if (isBusy) throw new Error("fetch: another request is under way: await it first");
    isBusy = true;
    return responseOf(await exchange(network, trusted, request));
  };
}
