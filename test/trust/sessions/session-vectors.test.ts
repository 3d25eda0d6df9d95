/** One session of our profile, byte for byte, for whoever writes the other side in another language. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "#base/bytes.ts";
import type { Result } from "#base/faults.ts";
import { encodeCbor } from "#codec/cbor.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { kidMap } from "#trust/sessions/edhoc-identifier.ts";
import { answerMessage2, initiate, openMessage2 } from "#trust/sessions/edhoc-initiator.ts";
import { finish, openMessage3, readMessage1, respond } from "#trust/sessions/edhoc-responder.ts";
import { SUITE_4 } from "#trust/sessions/edhoc-suite.ts";
import { openRequest, readRequestRecord, recordKeys, sealReply, sealRequest } from "#trust/sessions/sealed-record.ts";
import {
  CALLER_ID,
  CALLER_KID,
  CHAIN_EAD_LABEL,
  credentialItem,
  encodeAnswer,
  encodeRefusal,
  encodeRequest,
  UNIT_KID,
} from "#wire/sessions/session.ts";

interface Vector {
  readonly input: Readonly<Record<string, string>>;
  readonly expect: Readonly<Record<string, string>>;
}

const vector = JSON.parse(
  readFileSync(new URL("../../vectors/session/suite-4-session.json", import.meta.url), "utf8"),
) as Vector;
const input = (name: string) => fromHex(vector.input[name] as string) as Uint8Array;

function must<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(result.fault);
  return result.value;
}

function side(seed: Uint8Array, kid: Uint8Array) {
  const publicKey = nodePrimitives.ed25519PublicKey(seed);
  return {
    id: kidMap(kid),
    item: credentialItem(publicKey),
    publicKey,
    sign: (message: Uint8Array) => nodePrimitives.ed25519Sign(message, seed),
  };
}

describe("a session with suite 4", () => {
  it("is the vector's, message by message and record by record", () => {
    const caller = side(input("callerSeed"), CALLER_KID);
    const unit = side(input("unitSeed"), UNIT_KID);
    const callerSide = { ...nodePrimitives, random: () => input("x") };
    const unitSide = { ...nodePrimitives, random: () => input("y") };
    const initiated = initiate(callerSide, SUITE_4, CALLER_ID);
    const responded = must(respond(unitSide, must(readMessage1(initiated.message1, [SUITE_4])), input("cR"), unit));
    const ead = [{ label: -CHAIN_EAD_LABEL, value: input("chain") }];
    const opened2 = must(openMessage2(callerSide, initiated, responded.message2));
    const answered = must(answerMessage2(callerSide, opened2, unit, caller, ead));
    const opened3 = must(openMessage3(unitSide, responded, answered.message3));
    const keys = recordKeys(unitSide, must(finish(unitSide, responded, opened3, caller)));
    const args = encodeCbor(new Map([["on", true]]));
    const plaintext = encodeRequest({ op: "call", name: "setLamp", args });
    const request = sealRequest(callerSide, recordKeys(callerSide, answered.secret), input("cR"), 1, plaintext);
    const answer = encodeAnswer({ ok: true, value: null });
    const got = {
      credR: toHex(unit.item),
      credI: toHex(caller.item),
      message1: toHex(initiated.message1),
      message2: toHex(responded.message2),
      message3: toHex(answered.message3),
      requestKey: toHex(keys.request),
      replyKey: toHex(keys.reply),
      requestPlaintext: toHex(plaintext),
      request: toHex(request),
      replyPlaintext: toHex(answer),
      reply: toHex(sealReply(unitSide, keys, 1, answer)),
      laterRequest: toHex(sealRequest(unitSide, keys, input("cR"), 258, plaintext)),
      refusalInClear: toHex(encodeRefusal("SESSION_FULL")),
    };
    expect(got).toEqual(vector.expect);
    expect(toHex(must(openRequest(unitSide, keys, must(readRequestRecord(request)))))).toBe(got.requestPlaintext);
  });
});
