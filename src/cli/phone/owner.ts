/** The owner's verbs: pass the unit on, revoke all guests at once, adopt a reissued card. */
import { existsSync, rmSync } from "node:fs";
import { equal, fromHex, toHex } from "#base/bytes.ts";
import type { Fault, Result } from "#base/faults.ts";
import { readQr } from "#codec/host/qr-reader.ts";
import { drawPng } from "#factory/labels.ts";
import { cardSheet } from "#factory/sheets.ts";
import { changeMemory, type Known, recall } from "#phone/memory.ts";
import { revokedAt } from "#phone/revoke.ts";
import type { Session } from "#phone/session.ts";
import { airKey, holderSeed } from "#trust/grants/card-keys.ts";
import { readText } from "#trust/host/files.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { createSecretFile } from "#trust/host/secret-file.ts";
import { CARD_SECRET_BYTES, readCardLink } from "#wire/grants/card.ts";
import { joinCtis, readDelivery, readRevocation, splitCtis } from "#wire/grants/revocation.ts";
import { inSession } from "./describe.ts";
import { codeText, openUnitSession, type PhoneOptions, PhoneTrouble, print, scan } from "./unit.ts";

const CARD_DPI = 600;

/** A fact that the unit tells within a session. */
async function factOf(session: Session, name: string): Promise<unknown> {
  const described = await session.request({ op: "describe" });
  if (!described.ok) throw new PhoneTrouble(`the unit doesn't say (${described.fault})`, described.fault);
  return described.value instanceof Map ? described.value.get(name) : undefined;
}

/** Draws the card of a new secret, and reads it back: the unit will know nobody else. */
async function drawCard(maker: string, product: string, id: Uint8Array, secret: Uint8Array): Promise<Uint8Array> {
  const png = await drawPng(cardSheet({ maker, product, labels: { dpi: CARD_DPI } }, id, secret));
  const read = readCardLink((await readQr(png)) ?? "");
  if (!read.ok || !equal(read.value.secret, secret) || !equal(read.value.id, id)) {
    throw new PhoneTrouble("the new card can't be read back, so nothing was changed; try again");
  }
  return png;
}

/** Whether the unit takes this card for its owner's; undefined when it does not answer. */
async function isOwnersCard(options: PhoneOptions, card: string): Promise<boolean | undefined> {
  try {
    return await inSession({ ...options, card }, async (session) => (await factOf(session, "owner")) === true);
  } catch (error) {
    if (!(error instanceof PhoneTrouble)) throw error;
    return error.fault === undefined || UNANSWERED.includes(error.fault) ? undefined : false;
  }
}

const UNANSWERED: readonly Fault[] = ["SESSION_UNREACHABLE", "SESSION_UNKNOWN", "SESSION_ANSWER", "SESSION_RATE"];

/** Believes the unit alone: an answer may be lost, and the unit may have changed hands all the same. */
async function proveTaken(options: PhoneOptions & { out: string }, answer: Result<unknown>): Promise<void> {
  const isTaken = await isOwnersCard(options, options.out);
  if (isTaken === true) return;
  const fault = answer.ok ? "its answer was yes" : answer.fault;
  if (!answer.ok && isTaken === false && (await isOwnersCard(options, options.card ?? "")) === true) {
    rmSync(options.out);
    throw new PhoneTrouble(`the unit isn't passed on (${fault}): it knows the old card only; do this again`);
  }
  throw new PhoneTrouble(
    `it isn't known whether the unit took the new card (${fault}); keep both, and try ${options.out} first`,
  );
}

/**
 * Hands the unit to whoever gets the new card. The card is on the disk before the unit is asked, since from then on it is
 * the only way in.
 */
export async function passUnitOn(options: PhoneOptions & { out: string }): Promise<void> {
  const { deviceId } = await scan(options);
  const maker = /^HTTPS:\/\/GO\.([^/]+)\//i.exec(await codeText("label", options.label))?.[1] ?? "";
  if (existsSync(options.out)) throw new PhoneTrouble(`${options.out} is there already; a card is never overwritten`);
  const session = await openUnitSession(options);
  try {
    const product = String((await factOf(session, "product")) ?? "");
    const secret = nodePrimitives.random(CARD_SECRET_BYTES);
    const png = await drawCard(maker, product, deviceId, secret);
    createSecretFile(options.out, png);
    const holder = nodePrimitives.ed25519PublicKey(holderSeed(nodePrimitives, secret, deviceId));
    const answer = await session.request({ op: "resale", holder, airKey: airKey(nodePrimitives, secret, deviceId) });
    if (
      !answer.ok &&
      (answer.fault.startsWith("GRANT_") || ["SESSION_BUTTON", "SESSION_OWNER"].includes(answer.fault))
    ) {
      rmSync(options.out);
      const advice = answer.fault === "SESSION_BUTTON" ? "; hold its button for three seconds, then do this again" : "";
      throw new PhoneTrouble(`the unit isn't passed on (${answer.fault})${advice}`, answer.fault);
    }
    await session.close();
    await proveTaken(options, answer);
    if (recall(options.memory, toHex(deviceId)) !== undefined) {
      // The unit is somebody else's now: the grant, and the keys that hung beneath it, are over.
      changeMemory(options.memory, toHex(deviceId), (known) => {
        const { grant: _, keys: __, floor: ___, ...rest } = known as Known;
        return rest;
      });
    }
    print(
      options,
      { card: options.out },
      `${options.out} is the unit's card now; print it, hand it over, and delete the file`,
    );
  } finally {
    await session.close();
  }
}

/** Revokes every key that the owner ever delegated. */
export async function revokeAll(options: PhoneOptions): Promise<void> {
  const session = await openUnitSession(options);
  try {
    const floor = await factOf(session, "floor");
    const epoch = (typeof floor === "number" ? floor : 0) + 1;
    const answer = await session.request({ op: "raise-floor", epoch });
    if (!answer.ok) throw new PhoneTrouble(`no key is revoked (${answer.fault}): the unit refused it`, answer.fault);
    const told = await revokedAt(session, []);
    if (!told.ok || told.value.floor < epoch) {
      const found = told.ok ? `it says that epochs from ${told.value.floor} on are good` : told.fault;
      throw new PhoneTrouble(`the unit does not say that the keys are revoked (${found}); run the same command again`);
    }
    print(options, { floor: epoch }, "every key that you delegated is revoked; your card stays valid");
  } finally {
    await session.close();
  }
}

/** The numbers that a delivery's statements revoke. */
function ctisOf(delivery: Uint8Array): readonly Uint8Array[] {
  const read = readDelivery(delivery);
  const statements = read.ok ? read.value.map(({ statement }) => readRevocation(statement)) : [];
  return splitCtis(joinCtis(statements.flatMap((each) => (each.ok ? splitCtis(each.value.content.revoked) : []))));
}

/**
 * Delivers the maker's revocation to the unit, as its cloud would. The old card's grant must be revoked before the
 * new card can take over.
 */
async function deliverRevocation(options: PhoneOptions, path: string): Promise<void> {
  const delivery = fromHex(readText(path).trim());
  if (delivery === undefined)
    throw new PhoneTrouble(`${path} holds no revocation; name the file that came with the card`);
  const session = await openUnitSession(options);
  try {
    const answer = await session.request({ op: "revoke", delivery });
    // The unit's cloud may have been faster. What counts is that each number is revoked now.
    if (!answer.ok && answer.fault !== "REVOCATION_UNCHANGED") {
      const advice =
        answer.fault === "REVOCATION_SEQUENCE"
          ? ": it holds a later one of the maker's. Ask for a file with a higher sequence"
          : "";
      throw new PhoneTrouble(
        `the unit does not take the revocation in ${path} (${answer.fault})${advice}`,
        answer.fault,
      );
    }
    const ctis = ctisOf(delivery);
    const told = await revokedAt(session, ctis);
    if (!told.ok || told.value.ctis.length < ctis.length) {
      throw new PhoneTrouble(
        `the unit does not say that the keys in ${path} are revoked; ask the maker for a newer file`,
      );
    }
  } finally {
    await session.close();
  }
}

/** After the maker's reissue: shows the unit its new owner's grant, and tells it the new card's air key. */
export async function adoptCard(options: PhoneOptions & { readonly revocation?: string }): Promise<void> {
  if (options.chain === undefined)
    throw new PhoneTrouble("name the grant that the maker sent with the card: --chain FILE");
  const { deviceId, secret } = await scan(options);
  if (options.revocation !== undefined) await deliverRevocation(options, options.revocation);
  const session = await openUnitSession(options);
  try {
    const answer = await session.request({ op: "air-key", airKey: airKey(nodePrimitives, secret, deviceId) });
    if (!answer.ok) throw new PhoneTrouble(`the unit doesn't take this card (${answer.fault})`, answer.fault);
    const isKnown = recall(options.memory, toHex(deviceId)) !== undefined;
    const chain = fromHex(readText(options.chain).trim());
    const grant = chain === undefined ? undefined : await session.request({ op: "grant" });
    if (isKnown && grant?.ok && grant.value instanceof Uint8Array) {
      const text = toHex(grant.value);
      changeMemory(options.memory, toHex(deviceId), (known) => ({ ...(known as Known), grant: text }));
    }
    print(options, { adopted: true }, "the unit knows the new card, and nobody who has the old one");
  } finally {
    await session.close();
  }
}
