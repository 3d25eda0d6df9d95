/** What a signature and a chain cost on a host, side by side, and what the device's part of it all weighs. */
import { createHash } from "node:crypto";
import * as noble from "@noble/ed25519";
import { utf8 } from "#base/utf8.ts";
import { buildScript } from "#factory/bundle/bundle.ts";
import { deviceIdOf } from "#trust/device-id.ts";
import { verifyEd25519 } from "#trust/ed25519-strict.ts";
import { chainOf, issueChild, issueGrant } from "#trust/grants/mint.ts";
import { type Trust, verifyChain } from "#trust/grants/verify-grant.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { tweetnaclPrimitives } from "#trust/host/tweetnacl-primitives.ts";
import type { Primitives } from "#trust/primitives.ts";
import { seedSigner } from "#trust/signer.ts";
import { LEVEL } from "#wire/grants/scope.ts";
import type { Bench, Row } from "./row.ts";
import { sessionWork } from "./session-open.ts";

noble.hashes.sha512 = (message) => Uint8Array.from(createHash("sha512").update(message).digest());

/**
 * What a unit asks of codec, wire and trust for its keys and sessions: to check chains, revocations, times and
 * discharges, to resell, to answer a handshake and sealed records. Whatever else these rooms hold, a bundler drops.
 */
const DEVICE_PART: Readonly<Record<string, readonly string[]>> = {
  "trust/grants/open-chain.ts": ["openChain"],
  "trust/grants/verify-grant.ts": ["inForce", "decide"],
  "trust/grants/revoke.ts": ["applyDelivery"],
  "trust/grants/revocations.ts": ["encodeRevocations", "readRevocations"],
  "trust/signed-time.ts": ["checkTime", "checkVouch"],
  "trust/grants/discharge.ts": ["checkDischarge"],
  "trust/time-floor.ts": ["acceptTime", "startTime", "timeAt", "floorToPersist", "persisted", "intervalOf", "widened"],
  "trust/grants/resale.ts": ["resell", "withoutGuests"],
  "trust/sessions/edhoc-responder.ts": ["readMessage1", "respond", "openMessage3", "finish"],
  "trust/sessions/edhoc-suite.ts": ["SUITE_4"],
  "trust/sessions/edhoc-identifier.ts": ["kidMap"],
  "trust/sessions/sealed-record.ts": ["recordKeys", "readRequestRecord", "openRequest", "sealReply"],
  "wire/sessions/session.ts": ["credentialItem", "encodeRefusal", "decodeRequest", "encodeAnswer", "encodeAnswerOf"],
};

const verifiers: Readonly<Record<string, Primitives>> = {
  node: nodePrimitives,
  tweetnacl: tweetnaclPrimitives(nodePrimitives),
  noble: {
    ...nodePrimitives,
    // noble's own strict mode, so that all of them do the same work.
    ed25519VerifyRaw: (message, signature, key) => noble.verify(signature, message, key, { zip215: false }),
  },
};

const person = (name: string) => seedSigner(nodePrimitives, nodePrimitives.sha256(utf8(name)));
const ctiOf = (name: string) => nodePrimitives.sha256(utf8(name)).slice(0, 8);

/** A chain of two links, and the unit that believes it. */
function household(): { chain: Uint8Array; trust: Omit<Trust, "primitives"> } {
  const issuer = { ...person("issuer"), kid: Uint8Array.of(1) };
  const id = deviceIdOf(nodePrimitives, person("unit").publicKey);
  const common = { epoch: 0, caveats: [], scope: LEVEL.noFlash };
  const grant = issueGrant(issuer, {
    ...common,
    audience: { kind: "device", id },
    issuedAtS: 1_800_000_000,
    cti: ctiOf("grant"),
    holder: person("owner").publicKey,
  });
  const chain = issueChild(nodePrimitives, chainOf(grant), person("owner"), {
    ...common,
    cti: ctiOf("child"),
    holder: person("phone").publicKey,
  });
  const issuers = [{ kid: issuer.kid, publicKey: issuer.publicKey }];
  const time = { grade: "unknown" } as const;
  return {
    chain,
    trust: { id, product: "lamp", fleet: "acme", issuers, revocations: [], time, claimed: true, fleetCalls: false },
  };
}

/** Runs all of them in turns, so that whatever else the machine does falls on each; the best turn counts. */
function rates(works: Readonly<Record<string, () => boolean>>, turns: number, turnMs: number): Record<string, number> {
  const best: Record<string, number> = {};
  for (let turn = 0; turn < turns; turn++) {
    for (const [name, work] of Object.entries(works)) {
      const from = performance.now();
      let done = 0;
      while (performance.now() - from < turnMs) {
        if (!work()) throw new Error(`${name} refused a good signature`);
        done++;
      }
      best[name] = Math.max(best[name] ?? 0, (done * 1000) / (performance.now() - from));
    }
  }
  return best;
}

function rateRows(turns: number, turnMs: number): readonly Row[] {
  const message = utf8("a message of the length of a call: forty-eight bytes");
  const signer = person("signer");
  const signature = signer.sign(message);
  const { chain, trust } = household();
  const works: Record<string, () => boolean> = {};
  for (const [name, primitives] of Object.entries(verifiers)) {
    works[`ed25519/${name}`] = () => verifyEd25519(primitives, message, signature, signer.publicKey);
    if (name === "noble") continue;
    const ask = { right: "call", name: "setLamp", arrival: "lan" } as const;
    works[`chain-2/${name}`] = () => verifyChain(chain, ask, { ...trust, primitives }).ok;
  }
  return Object.entries(rates(works, turns, turnMs)).map(([name, value]) => ({
    case: name,
    metric: "rate",
    value,
    unit: "1/s",
    peer: name.endsWith("/noble") ? "@noble/ed25519" : null,
    goal: null,
  }));
}

/** The median of some openings of a session: one alone says more about the host than about the session. */
function sessionOpenRow(openings: number): Row {
  const times = Array.from(
    { length: openings },
    sessionWork(nodePrimitives, () => performance.now()).sessionOpenMs,
  ).sort((a, b) => a - b);
  const value = times[openings >> 1] as number;
  return { case: "session-open-2/host", metric: "time", value, unit: "ms", peer: null, goal: null };
}

/**
 * Bytes of the device's part in codec, wire and trust, as the bundler ships it. What every room shares (base: UTF-8, byte
 * strings) is left out, as the goal names the rooms.
 */
async function bundleBytes(): Promise<number> {
  const parts = Object.entries(DEVICE_PART);
  const imports = parts.map(([path, names]) => `import { ${names.join(", ")} } from "#${path}";`);
  const { shares } = await buildScript(`${imports.join("\n")}
globalThis.used = [${parts.flatMap(([, names]) => names).join(", ")}];`);
  return [...shares].reduce((sum, [path, bytes]) => (/^src\/(codec|wire|trust)\//.test(path) ? sum + bytes : sum), 0);
}

function sizeRow(name: string, value: number, goal: number | null): Row {
  return { case: name, metric: "size", value, unit: "B minified", peer: null, goal };
}

export const bench: Bench = {
  async run({ quick }): Promise<readonly Row[]> {
    return [
      ...rateRows(quick ? 3 : 10, quick ? 100 : 300),
      sessionOpenRow(quick ? 101 : 501),
      sizeRow("bundle-trust", await bundleBytes(), 30000),
    ];
  },
};
