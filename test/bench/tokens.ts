/** Sizes of what crosses the air, the paper and the wire, with the contents that the goals were set for. */
import QRCode, { type QRCodeSegment } from "qrcode";
import { utf8 } from "#base/utf8.ts";
import { deviceIdOf } from "#trust/device-id.ts";
import { chainOf, issueChild, issueGrant } from "#trust/grants/mint.ts";
import { signRevocation } from "#trust/grants/revoke.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { signKeyset, signRelease } from "#trust/releases/sign-release.ts";
import { signTime } from "#trust/signed-time.ts";
import { seedSigner } from "#trust/signer.ts";
import { cardLink, cardText } from "#wire/grants/card.ts";
import type { Caveat } from "#wire/grants/caveat.ts";
import { joinCtis } from "#wire/grants/revocation.ts";
import { LEVEL, RIGHT } from "#wire/grants/scope.ts";
import { COMPONENT, type Component } from "#wire/releases/release.ts";
import type { Bench, Row } from "./row.ts";
import { sessionWork } from "./session-open.ts";

const named = (name: string) => nodePrimitives.sha256(utf8(name));
const person = (name: string) => seedSigner(nodePrimitives, named(name));
const ctiOf = (name: string) => named(name).slice(0, 8);
const ISSUED_AT_S = 1_800_000_000;
const KID = Uint8Array.of(1);
/** Two raised floors back, so that no figure depends on a unit being new. */
const EPOCH = 2;

/** The conditions of a demanding guest's key: two functions, one argument's range, office hours, a place, the moon, a rate. */
const SIX_CAVEATS: readonly Caveat[] = [
  { kind: "functions", names: ["setTemp", "lights"] },
  { kind: "argument", function: "setTemp", argument: "celsius", min: 15, max: 24 },
  { kind: "timeOfDay", fromMinutes: 480, toMinutes: 1320, weekdays: 0x1f, utcOffsetMinutes: 120 },
  { kind: "geofence", latitudeE5: 5_210_000, longitudeE5: 450_000, radiusM: 300, ageS: 600 },
  { kind: "moon", fromDegrees: 135, toDegrees: 225 },
  { kind: "rate", count: 10, windowS: 60 },
];

function sizes(): readonly (readonly [name: string, bytes: number, goal: number])[] {
  const issuer = person("issuer");
  const owner = person("owner");
  const id = deviceIdOf(nodePrimitives, person("unit").publicKey);
  const audience = { kind: "device", id } as const;
  const grant = issueGrant(
    { ...issuer, kid: KID },
    {
      audience,
      issuedAtS: ISSUED_AT_S,
      expiresAtS: ISSUED_AT_S + 30 * 31_557_600,
      cti: ctiOf("grant"),
      holder: owner.publicKey,
      scope: LEVEL.noFlash,
      epoch: EPOCH,
      caveats: [],
    },
  );
  const chain = chainOf(grant);
  const child = (caveats: readonly Caveat[], lifeS: number) =>
    issueChild(nodePrimitives, chain, owner, {
      expiresAtS: ISSUED_AT_S + lifeS,
      cti: ctiOf("child"),
      holder: person("guest").publicKey,
      scope: [{ name: "*", rights: RIGHT.read | RIGHT.call | RIGHT.subscribe }],
      epoch: EPOCH,
      caveats,
    }).length - chain.length;
  const revoked = joinCtis(Array.from({ length: 64 }, (_, i) => ctiOf(`revoked ${i}`)));
  return [
    ["owner-grant", grant.length, 182],
    ["session-child", child([], 30 * 86400), 152],
    ["guest-6-caveats", child(SIX_CAVEATS, 7 * 86400), 242],
    [
      "revocation-64",
      signRevocation(issuer, KID, { audience, sequence: ISSUED_AT_S, floor: EPOCH, revoked }).length,
      640,
    ],
    [
      "signed-time",
      signTime(person("clock"), KID, { timeS: ISSUED_AT_S, nonce: named("nonce").slice(0, 16) }).length,
      132,
    ],
    ["keyset-2of3", keysetBytes(), 300],
    ["release-2-components", releaseBytes(), 400],
    ["edhoc-suite4-without-grant", sessionWork(nodePrimitives, () => 0).handshakeBytes(), 230],
  ];
}

/** A key set with one key of each role, signed by two of the three roots. */
function keysetBytes(): number {
  return signKeyset(nodePrimitives, [named("root 1"), named("root 2")], {
    version: 2,
    product: "lamp",
    releaseKeys: [person("release").publicKey],
    timestampKeys: [person("timestamp").publicKey],
    roots: undefined,
  }).length;
}

/** A release of native image and bundle, each to be had whole or over one base. */
function releaseBytes(): number {
  const component = (kind: number, imageBytes: number): Component => ({
    kind,
    imageBytes,
    imageRoot: named(`image ${kind}`),
    transfers: [
      { streamBytes: imageBytes, root: named(`whole ${kind}`).slice(0, 16), base: undefined },
      { streamBytes: 900, root: named(`delta ${kind}`).slice(0, 16), base: named(`base ${kind}`).slice(0, 16) },
    ],
  });
  return signRelease(nodePrimitives, named("release"), {
    sequence: 1234,
    product: "lamp",
    hardware: [1, 2],
    notAfterS: ISSUED_AT_S + 365 * 86400,
    consent: "auto",
    epoch: 3,
    components: [component(COMPONENT.native, 452_688), component(COMPONENT.js, 79_000)],
  }).length;
}

function qrVersions(): readonly (readonly [name: string, version: number, goal: number])[] {
  const secret = named("card").slice(0, 16);
  const id = named("unit").slice(0, 12);
  const version = (content: string | QRCodeSegment[]) => QRCode.create(content, { errorCorrectionLevel: "M" }).version;
  return [
    ["card-text-qr", version(cardText(secret)), 2],
    ["card-link-qr", version(cardLink("lamps.example", id, secret) as QRCodeSegment[]), 4],
  ];
}

export const bench: Bench = {
  async run(): Promise<readonly Row[]> {
    return [
      ...sizes().map(([name, value, goal]) => ({ case: name, metric: "size", value, unit: "B", peer: null, goal })),
      ...qrVersions().map(([name, value, goal]) => ({
        case: name,
        metric: "version",
        value,
        unit: "1",
        peer: null,
        goal,
      })),
    ];
  },
};
