/**
 * One opening of a session with suite 4 and a chain of two links: what it weighs, and what the unit's side takes. Runs
 * on a host and, bundled, on a board; which primitives and which clock, the caller says.
 */
import type { Result } from "#base/faults.ts";
import { deviceIdOf } from "#trust/device-id.ts";
import { chainOf, issueChild, issueGrant } from "#trust/grants/mint.ts";
import { openChain } from "#trust/grants/open-chain.ts";
import { inForce, type Trust } from "#trust/grants/verify-grant.ts";
import type { Primitives } from "#trust/primitives.ts";
import type { Ead } from "#trust/sessions/edhoc.ts";
import { kidMap } from "#trust/sessions/edhoc-identifier.ts";
import { answerMessage2, type Initiated, initiate, openMessage2 } from "#trust/sessions/edhoc-initiator.ts";
import { finish, openMessage3, type Responded, readMessage1, respond } from "#trust/sessions/edhoc-responder.ts";
import { SUITE_4 } from "#trust/sessions/edhoc-suite.ts";
import { openRequest, readRequestRecord, recordKeys, sealReply, sealRequest } from "#trust/sessions/sealed-record.ts";
import { seedSigner } from "#trust/signer.ts";
import { readGrant } from "#wire/grants/grant.ts";
import { LEVEL } from "#wire/grants/scope.ts";
import { CALLER_ID, CALLER_KID, CHAIN_EAD_LABEL, credentialItem, UNIT_KID } from "#wire/sessions/session.ts";

function must<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(result.fault);
  return result.value;
}

interface SessionWork {
  /** Bytes of messages 1, 2 and 3 without a grant. */
  handshakeBytes(): number;
  /** Milliseconds that the unit's side of one opening takes: two messages read, a chain of two links checked. */
  sessionOpenMs(): number;
  /** Milliseconds that the unit takes to open one sealed request of 40 bytes and seal a reply; after an opening. */
  sealedCallMs(): number;
}

export function sessionWork(primitives: Primitives, nowMs: () => number): SessionWork {
  const person = (fill: number) => seedSigner(primitives, new Uint8Array(32).fill(fill));
  const [issuer, unit, owner, phone] = [person(1), person(2), person(3), person(4)] as const;
  const id = deviceIdOf(primitives, unit.publicKey);
  const KID = Uint8Array.of(1);

  const grant = issueGrant(
    { ...issuer, kid: KID },
    {
      audience: { kind: "device", id },
      issuedAtS: 1_800_000_000,
      cti: new Uint8Array(8).fill(1),
      holder: owner.publicKey,
      scope: LEVEL.noFlash,
      epoch: 0,
      caveats: [],
    },
  );
  const chain = issueChild(primitives, chainOf(grant), owner, {
    cti: new Uint8Array(8).fill(2),
    holder: phone.publicKey,
    scope: LEVEL.noFlash,
    epoch: 0,
    caveats: [],
  });
  /**
   * As on a unit: the owner's grant, which the factory stored, is the first link of every chain that the owner gave
   * to others.
   */
  const known = must(readGrant(grant));
  const trust: Trust = {
    primitives,
    id,
    product: "lamp",
    fleet: "lamps",
    issuers: [{ kid: KID, publicKey: issuer.publicKey }],
    revocations: [],
    time: { grade: "unknown" },
    claimed: true,
    fleetCalls: false,
    known,
  };

  const unitSide = { ...unit, id: kidMap(UNIT_KID), item: credentialItem(unit.publicKey) };
  const phoneSide = { ...phone, id: kidMap(CALLER_KID), item: credentialItem(phone.publicKey) };

  function answer1(initiated: Initiated): Responded {
    return must(respond(primitives, must(readMessage1(initiated.message1, [SUITE_4])), Uint8Array.of(7), unitSide));
  }

  function answer2(initiated: Initiated, responded: Responded, ead: readonly Ead[]): Uint8Array {
    const opened = must(openMessage2(primitives, initiated, responded.message2));
    return must(answerMessage2(primitives, opened, unitSide, phoneSide, ead)).message3;
  }

  function handshakeBytes(): number {
    const initiated = initiate(primitives, SUITE_4, CALLER_ID);
    const responded = answer1(initiated);
    return initiated.message1.length + responded.message2.length + answer2(initiated, responded, []).length;
  }

  function sessionOpenMs(): number {
    const initiated = initiate(primitives, SUITE_4, CALLER_ID);
    // A unit signs with one key, whose expansion its port keeps (it has signed since it started); here the phone's key,
    // which signs on the same board, has come in between.
    unit.sign(new Uint8Array(0));
    const from = nowMs();
    const responded = answer1(initiated);
    const until = nowMs();
    const message3 = answer2(initiated, responded, [{ label: -CHAIN_EAD_LABEL, value: chain }]);
    const again = nowMs();
    const opened = must(openMessage3(primitives, responded, message3));
    const { holder } = must(inForce(must(openChain(opened.proof.ead[0]?.value as Uint8Array, trust)), trust));
    const secret = must(finish(primitives, responded, opened, { ...phoneSide, publicKey: holder }));
    keys = recordKeys(primitives, secret);
    return until - from + (nowMs() - again);
  }

  let keys: ReturnType<typeof recordKeys> | undefined;
  function sealedCallMs(): number {
    if (keys === undefined) throw new Error("open a session first");
    const session = Uint8Array.of(7);
    const request = sealRequest(primitives, keys, session, 1, new Uint8Array(40));
    const from = nowMs();
    const record = must(readRequestRecord(request));
    const plain = must(openRequest(primitives, keys, record));
    sealReply(primitives, keys, record.counter, plain);
    return nowMs() - from;
  }
  return { handshakeBytes, sessionOpenMs, sealedCallMs };
}
