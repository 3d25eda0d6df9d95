/**
 * Model units in a process of their own (ADR 0074): real handshakes and sealed records over HTTP, no engine and no flash, and
 * the chain is not checked. Forked by gateway.ts; what it is sent is the number of units, what it sends is where they are.
 */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { toHex } from "#base/bytes.ts";
import type { Result } from "#base/faults.ts";
import type { Cbor } from "#codec/cbor.ts";
import { deviceIdOf } from "#trust/device-id.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { kidMap } from "#trust/sessions/edhoc-identifier.ts";
import { finish, openMessage3, type Responded, readMessage1, respond } from "#trust/sessions/edhoc-responder.ts";
import { SUITE_4 } from "#trust/sessions/edhoc-suite.ts";
import {
  openRequest,
  type RecordKeys,
  readRequestRecord,
  recordKeys,
  sealReply,
} from "#trust/sessions/sealed-record.ts";
import { seedSigner } from "#trust/signer.ts";
import { readChain } from "#wire/grants/grant.ts";
import {
  CALLER_KID,
  credentialItem,
  decodeRequest,
  encodeAnswer,
  MESSAGE_1_MARK,
  UNIT_KID,
} from "#wire/sessions/session.ts";

export interface BenchUnit {
  readonly id: string;
  readonly port: number;
}

function must<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(result.fault);
  return result.value;
}

const NAMES: Cbor = [
  ["setLamp", "call"],
  ["light", "read"],
];
/** What a unit says to each kind of request. */
function answerTo(plain: Uint8Array): Result<Cbor> {
  const request = must(decodeRequest(plain));
  if (request.op === "describe")
    return {
      ok: true,
      value: new Map<string, Cbor>([
        ["names", NAMES],
        ["floor", 0],
      ]),
    };
  if (request.op === "events") return { ok: true, value: [] };
  return request.op === "call" ? { ok: true, value: 512 } : { ok: false, fault: "SESSION_REQUEST" };
}

const C_R = Uint8Array.of(7);

function startUnit(number: number): Promise<BenchUnit> {
  const seed = new Uint8Array(32).fill(9);
  new DataView(seed.buffer).setUint32(0, number);
  const unit = seedSigner(primitives, seed);
  const side = { ...unit, id: kidMap(UNIT_KID), item: credentialItem(unit.publicKey) };
  let responded: Responded | undefined;
  let keys: RecordKeys | undefined;

  function reply(path: string, body: Uint8Array): Uint8Array {
    if (path === "/latchkey/key") return unit.publicKey;
    if (path === "/latchkey") {
      const record = must(readRequestRecord(body));
      const plain = must(openRequest(primitives, keys as RecordKeys, record));
      return sealReply(primitives, keys as RecordKeys, record.counter, encodeAnswer(answerTo(plain)));
    }
    if (body[0] === MESSAGE_1_MARK) {
      responded = must(respond(primitives, must(readMessage1(body.subarray(1), [SUITE_4])), C_R, side));
      return responded.message2;
    }
    const opened = must(openMessage3(primitives, responded as Responded, body.subarray(1)));
    const links = must(readChain(opened.proof.ead[0]?.value as Uint8Array));
    const publicKey = links.at(-1)?.claims.holder as Uint8Array;
    const caller = { id: kidMap(CALLER_KID), item: credentialItem(publicKey), publicKey };
    keys = recordKeys(primitives, must(finish(primitives, responded as Responded, opened, caller)));
    return new Uint8Array(0);
  }
  const server = createServer(async (incoming: IncomingMessage, outgoing) => {
    const body = Uint8Array.from(Buffer.concat(await incoming.toArray()));
    const answer = reply(incoming.url ?? "", body);
    outgoing.writeHead(200, { "content-length": answer.length }).end(answer);
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      resolve({ id: toHex(deviceIdOf(primitives, unit.publicKey)), port: (server.address() as AddressInfo).port });
    });
  });
}

process.on("message", async (count: number) => {
  process.send?.(await Promise.all(Array.from({ length: count }, (_, number) => startUnit(number))));
});
