/**
 * The fuzzer's targets: every decoder of untrusted bytes, with valid samples and with what "canonical" means for it.
 */
import { concat, equal, toHex } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import { utf8 } from "#base/utf8.ts";
import { type Cbor, decodeCbor, decodeCborSequence, encodeCbor } from "#codec/cbor.ts";
import { DNS_TYPE, encodeDnsQuery, encodeDnsResponse, readDnsMessage } from "#codec/dns.ts";
import { decodeServerPacket } from "#codec/mqtt.ts";
import { createRequestReader, readBody, readHead, takePiece } from "#device/http-request.ts";
import { readForm } from "#device/onboarding/portal-page.ts";
import { signDischarge } from "#trust/grants/discharge.ts";
import { chainOf, issueChild, issueGrant } from "#trust/grants/mint.ts";
import { readRevocations } from "#trust/grants/revocations.ts";
import { signRevocation } from "#trust/grants/revoke.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { initiate, openMessage2 } from "#trust/sessions/edhoc-initiator.ts";
import { readMessage1 } from "#trust/sessions/edhoc-responder.ts";
import { SUITE_4 } from "#trust/sessions/edhoc-suite.ts";
import { openReply, readRequestRecord, sealReply, sealRequest } from "#trust/sessions/sealed-record.ts";
import { signTime } from "#trust/signed-time.ts";
import { seedSigner } from "#trust/signer.ts";
import { decodeAirBody, encodeAirBody } from "#wire/air/air-message.ts";
import { cardLink, cardText, linkText, readCardLink, readCardText, readLabelLink } from "#wire/grants/card.ts";
import { readDischarge } from "#wire/grants/discharge.ts";
import { readChain, readGrant } from "#wire/grants/grant.ts";
import { encodeDelivery, readDelivery, readRevocation } from "#wire/grants/revocation.ts";
import { LEVEL } from "#wire/grants/scope.ts";
import { readTime } from "#wire/grants/signed-time.ts";
import type { LineFrame } from "#wire/lines/line-frame.ts";
import { decodeRadioCommand, decodeRadioReport } from "#wire/lines/radio-line.ts";
import { decodeCallerProof, encodeCallerProof } from "#wire/link/caller-auth.ts";
import { readCloudAddress, readCloudTls } from "#wire/link/cloud-address.ts";
import { decodeLinkProof, decodeNonceAnswer, encodeLinkProof, encodeNonceAnswer } from "#wire/link/link-auth.ts";
import {
  decodeRelayedReply,
  decodeRelayedRequest,
  encodeRelayedReply,
  encodeRelayedRequest,
} from "#wire/link/relay.ts";
import {
  decodeBlockRequest,
  decodeBlockResponse,
  encodeBlockRequest,
  encodeBlockResponse,
} from "#wire/releases/blocks.ts";
import { decodeSignedKeyset, encodeKeyset, encodeSignedKeyset } from "#wire/releases/keyset.ts";
import { decodeRelease, encodeRelease, type Release } from "#wire/releases/release.ts";
import { decodeTimestamp, encodeTimestamp } from "#wire/releases/timestamp.ts";
import { auditLink, auditNameTag, encodeAuditEntry, readAudit } from "#wire/sessions/audit.ts";
import { discoveredIn, encodeOwn, SERVICE } from "#wire/sessions/discovery.ts";
import { decodeHello, encodeHello, type Hello } from "#wire/sessions/hello.ts";
import { decodeAnswer, decodeRequest, encodeAnswer, encodeRequest } from "#wire/sessions/session.ts";
import { streamTarget } from "./stream-target.ts";

export interface FuzzTarget {
  decode(bytes: Uint8Array): Result<unknown>;
  /** Whether accepted bytes are the one encoding of what they say. */
  isCanonical(bytes: Uint8Array): boolean;
  readonly samples: readonly Uint8Array[];
  /** The samples as items, for a decoder of one CBOR item: every second input is one of them, changed in some place. */
  readonly items?: readonly Cbor[];
}

/** One CBOR item whose nested byte strings were decoded too: encoding it again must give the same bytes. */
function isCanonicalCbor(bytes: Uint8Array): boolean {
  const item = decodeCbor(bytes);
  return item.ok && equal(encodeCbor(item.value), bytes);
}
function isCanonicalSequence(bytes: Uint8Array): boolean {
  const items = decodeCborSequence(bytes);
  if (!items.ok) return false;
  let at = 0;
  return items.value.every((item) => {
    const encoded = encodeCbor(item);
    at += encoded.length;
    return equal(encoded, bytes.subarray(at - encoded.length, at));
  });
}
/** Forms of fixed fields or text, where no second spelling is told apart by bytes alone. */
const anyForm = () => true;

const signer = seedSigner(nodePrimitives, new Uint8Array(32).fill(1));
const kid = Uint8Array.of(1);
const id = new Uint8Array(12).fill(2);
const nonce = new Uint8Array(16).fill(3);
const cti = new Uint8Array(8).fill(4);
const audience = { kind: "device", id } as const;
const claims = { cti, holder: signer.publicKey, scope: LEVEL.noFlash, epoch: 0, caveats: [] };
const grant = issueGrant({ ...signer, kid }, { ...claims, audience, issuedAtS: 1_800_000_000 });
const chain = issueChild(nodePrimitives, chainOf(grant), signer, {
  ...claims,
  expiresAtS: 1_900_000_000,
  caveats: [
    { kind: "functions", names: ["setTemp"] },
    { kind: "argument", function: "setTemp", argument: "celsius", min: 15.5, max: 24 },
    { kind: "timeOfDay", fromMinutes: 480, toMinutes: 1320, weekdays: 31, utcOffsetMinutes: 120 },
    { kind: "discharge", publicKey: signer.publicKey, ageS: 60 },
    { kind: "lanOnly" },
    { kind: "localHours", fromMinutes: 1080, toMinutes: 1320, weekdays: 31 },
    { kind: "freshTime", ageS: 600 },
  ],
});
const statement = signRevocation(signer, undefined, { audience, sequence: 1, floor: 1, revoked: cti });
const time = signTime(signer, kid, { timeS: 1_800_000_000, nonce });
const discharge = signDischarge(signer, { cti, nonce });
const secret = new Uint8Array(16).fill(5);
const items: readonly Cbor[] = [
  [1, -1, 2 ** 40, 2n ** 63n, 1.5, { float: 1 }, "ü", new Uint8Array(3), null, undefined, true, { simple: 99 }],
  new Map<string | number, Cbor>([
    ["a", new Map([[1, [1, [2, [3]]]]])],
    [-5, { tag: 61, value: { tag: 18, value: [] } }],
  ]),
];
const signature = signer.sign(nonce);
const root = new Uint8Array(32).fill(6);
const keyName = new Uint8Array(8).fill(7);
const keyset = { version: 2, product: "lamp", releaseKeys: [root], timestampKeys: [root], roots: undefined };
const hello: Hello = { deviceId: id, publicKey: root, ipv4: "10.0.0.2", tcpPort: 80, binding: { kind: "none" } };
const release: Release = {
  sequence: 3,
  product: "lamp",
  hardware: [1, 2],
  notAfterS: undefined,
  consent: "auto",
  epoch: 1,
  components: [
    { kind: 1, imageBytes: 5000, imageRoot: root, transfers: [{ streamBytes: 700, root: nonce, base: nonce }] },
  ],
};
const AIR_COUNTER = 1_800_000_001;
const airBody = encodeAirBody(
  { ssid: utf8("home"), passphrase: utf8("password"), extra: nonce, timeHintS: 1_800_000_000 },
  AIR_COUNTER,
);
const asText = (read: (text: string) => Result<unknown>) => (bytes: Uint8Array) => read(String.fromCharCode(...bytes));

const dns = encodeOwn({ device: toHex(id), ipv4: "10.0.0.2", port: 80 }, [0], false);

/** A decoder that gives nothing for what is not its own. */
const orNothing = (read: (bytes: Uint8Array) => unknown) => (bytes: Uint8Array) => {
  const value = read(bytes);
  return value === undefined ? refuse("CBOR_TRAILING") : ok(value);
};

/** A whole message, what it leads to included. */
function readWholeDns(bytes: Uint8Array): Result<unknown> {
  const message = readDnsMessage(bytes);
  const records = message?.records();
  return message === undefined || records === undefined ? refuse("HTTP_REQUEST") : ok([records, discoveredIn(message)]);
}

const keys = { request: signer.publicKey, reply: signer.publicKey };
const initiated = initiate(nodePrimitives, SUITE_4, kid);
const auditFields = encodeAuditEntry({
  ...{ sequence: 1, ctiPrefix: cti, act: 2, timeGrade: "floor", fault: 0, timeS: 1_795_435_200 },
  nameTag: auditNameTag(nodePrimitives, "setLamp"),
});
const auditSample = concat(cti, auditFields, auditLink(nodePrimitives, cti, auditFields));

/** A frame of the radio line by its type and its payload. */
const radio = (decode: (frame: LineFrame) => Result<unknown>) => (bytes: Uint8Array) =>
  decode({ type: bytes[0] ?? 0, payload: bytes.slice(1) });

/** A decoder of one CBOR item. */
function cbor(decode: FuzzTarget["decode"], ...samples: readonly Uint8Array[]): FuzzTarget {
  const all = samples.length === 0 ? [grant] : samples;
  const items = all.flatMap((sample) => {
    const item = decodeCbor(sample);
    return item.ok ? [item.value] : [];
  });
  return { decode, isCanonical: isCanonicalCbor, samples: all, items };
}

/** A decoder of fixed fields, of text, or of another's format. */
function fixed(decode: FuzzTarget["decode"], ...samples: readonly Uint8Array[]): FuzzTarget {
  return { decode, isCanonical: anyForm, samples };
}

export const FUZZ_TARGETS: Readonly<Record<string, FuzzTarget>> = {
  cbor: cbor(decodeCbor, ...items.map(encodeCbor), chain),
  "cbor-sequence": { decode: decodeCborSequence, isCanonical: isCanonicalSequence, samples: items.map(encodeCbor) },
  grant: cbor(readGrant),
  chain: cbor(readChain, chain, chainOf(grant)),
  revocation: cbor(readRevocation, statement),
  delivery: cbor(readDelivery, encodeDelivery([{ statement }, { statement, chain }])),
  revocations: cbor(readRevocations, encodeCbor([[signer.publicKey, 1, 1, cti]])),
  time: cbor(readTime, time),
  discharge: cbor(readDischarge, discharge),
  card: { decode: asText(readCardText), isCanonical: anyForm, samples: [utf8(cardText(secret))] },
  "card-link": {
    decode: asText(readCardLink),
    isCanonical: anyForm,
    samples: [utf8(linkText(cardLink("lamps.example", id, secret)))],
  },
  "label-link": {
    decode: asText(readLabelLink),
    isCanonical: anyForm,
    samples: [utf8("HTTPS://GO.X/D/0123456789ABCDEF01234567")],
  },
  "session-request": cbor(decodeRequest, encodeRequest({ op: "call", name: "setLamp", args: Uint8Array.of(0xa0) })),
  "session-answer": cbor(decodeAnswer, encodeAnswer({ ok: true, value: "on" })),
  "session-record": cbor(readRequestRecord, sealRequest(nodePrimitives, keys, kid, 300, nonce)),
  "session-reply": cbor(
    (bytes) => openReply(nodePrimitives, keys, 300, bytes),
    sealReply(nodePrimitives, keys, 300, nonce),
  ),
  "relay-request": cbor(decodeRelayedRequest, encodeRelayedRequest({ tag: cti, path: "record", body: nonce })),
  "relay-reply": cbor(decodeRelayedReply, encodeRelayedReply({ tag: cti, accepted: true, body: nonce })),
  "http-request": {
    decode: (bytes) => {
      const reader = createRequestReader();
      const taken = takePiece(reader, bytes);
      const head = taken.ok ? readHead(reader) : taken;
      return head.ok && head.value !== undefined ? ok(readBody(reader, head.value)) : head;
    },
    isCanonical: anyForm,
    samples: [utf8("POST /latchkey HTTP/1.1\r\nHost: unit\r\nContent-Length: 2\r\n\r\nab")],
  },
  audit: { decode: (bytes) => readAudit(nodePrimitives, bytes), isCanonical: anyForm, samples: [auditSample] },
  "edhoc-message-1": {
    decode: (bytes) => readMessage1(bytes, [SUITE_4]),
    isCanonical: isCanonicalSequence,
    samples: [Uint8Array.from([0, 4, 0x58, 32, ...signer.publicKey, 0])],
  },
  "edhoc-message-2": cbor((bytes) => openMessage2(nodePrimitives, initiated, bytes), encodeCbor(new Uint8Array(114))),
  hello: fixed(decodeHello, encodeHello(hello, signature)),
  "link-proof": fixed(decodeLinkProof, encodeLinkProof({ nonce, publicKey: signer.publicKey, signature })),
  "caller-proof": cbor(
    decodeCallerProof,
    encodeCallerProof({ proof: { nonce, publicKey: signer.publicKey, signature }, deviceId: id, chain }),
  ),
  "cloud-address": cbor(orNothing(readCloudAddress), encodeCbor(["cloud.example", 1883, 80, "lamp-cloud"])),
  "cloud-tls": cbor(orNothing(readCloudTls), encodeCbor(["cloud.example", root])),
  dns: fixed(
    readWholeDns,
    encodeDnsQuery(1, { name: SERVICE, type: DNS_TYPE.ptr }),
    encodeDnsResponse(0, { count: 0, bytes: new Uint8Array(0) }, dns.answers, dns.additional),
    // Compressed names, one behind the other.
    concat(encodeDnsQuery(1, { name: SERVICE, type: DNS_TYPE.ptr }), Uint8Array.of(0xc0, 12, 0, 12, 0, 1)).map(
      (byte, i) => (i === 5 ? 2 : byte),
    ),
  ),
  "nonce-answer": fixed(decodeNonceAnswer, encodeNonceAnswer({ nonce, register: true, mqtt5: true })),
  "key-set": cbor(decodeSignedKeyset, encodeSignedKeyset(encodeKeyset(keyset), [{ keyName, signature }])),
  release: cbor(decodeRelease, encodeRelease(release)),
  timestamp: cbor(
    decodeTimestamp,
    encodeTimestamp({
      ...{ product: "lamp", sequence: 3, releaseId: nonce, nonce, unixS: 1_800_000_000 },
      deviceId: nonce.subarray(0, 12),
    }),
  ),
  "block-request": fixed(decodeBlockRequest, encodeBlockRequest({ transfer: nonce, first: 2, bitmap: 5 })),
  "block-response": fixed(decodeBlockResponse, encodeBlockResponse({ kind: "block", tag: 7, index: 1, bytes: nonce })),
  stream: streamTarget,
  "radio-command": fixed(radio(decodeRadioCommand), Uint8Array.of(3, 2, 104, 105, 1, 120)),
  "radio-report": fixed(
    radio(decodeRadioReport),
    concat(Uint8Array.of(0x82, 1, 1, 120), id.subarray(0, 6), Uint8Array.of(6, 200, 2)),
  ),
  "portal-form": fixed(
    (bytes) => readForm(bytes, nonce),
    utf8(`token=${toHex(nonce)}&network=68&passphrase=%31+345678`),
  ),
  "air-body": fixed((bytes) => decodeAirBody(bytes, AIR_COUNTER), airBody.ok ? airBody.value : nonce),
  "mqtt-packet": fixed((bytes) => decodeServerPacket(4, bytes), Uint8Array.of(0x30, 8, 0, 3, 97, 47, 98, 1, 2, 3)),
  "mqtt5-packet": fixed((bytes) => decodeServerPacket(5, bytes), Uint8Array.of(0x20, 6, 0, 0, 3, 0x21, 0, 10)),
};
