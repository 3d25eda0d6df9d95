/** Describes signed objects in words. It decodes only: no signature is verified here. */
import { toHex } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import { type Cbor, decodeCbor } from "#codec/cbor.ts";
import { untag } from "#codec/cose.ts";
import type { Audience } from "#wire/grants/audience.ts";
import { readDischarge } from "#wire/grants/discharge.ts";
import { type Claims, type Link, readChain, readLink } from "#wire/grants/grant.ts";
import { readDelivery, readRevocation, splitCtis } from "#wire/grants/revocation.ts";
import { RIGHT, type Scope } from "#wire/grants/scope.ts";
import { readTime } from "#wire/grants/signed-time.ts";
import { decodeSignedKeyset } from "#wire/releases/keyset.ts";
import { decodeRelease, RELEASE_BYTES_MAX } from "#wire/releases/release.ts";
import { decodeRoleEnvelope } from "#wire/releases/role-envelope.ts";
import { decodeTimestamp, TIMESTAMP_BYTES_MAX } from "#wire/releases/timestamp.ts";

/** JSON-like: texts, numbers, booleans, null, lists and plain objects; byte strings as hexadecimal. */
export type Plain = string | number | boolean | null | readonly Plain[] | { readonly [name: string]: Plain };

interface Description {
  readonly kind: string;
  readonly bytes: number;
  readonly content: Plain;
}

type Describe = (bytes: Uint8Array) => Result<Plain>;

/** Each kind by the reader that knows it; the first that takes the bytes names them. */
const KINDS: readonly (readonly [kind: string, describe: Describe])[] = [
  ["chain", (bytes) => mapped(readChain(bytes), (links) => links.map(describeLink))],
  ["grant", (bytes) => describeLone(bytes, "grant")],
  ["child", (bytes) => describeLone(bytes, "child")],
  [
    "revocation",
    (bytes) =>
      mapped(readRevocation(bytes), ({ signed, content }) => ({
        signer: signed.kid === undefined ? "a holder" : `issuer ${toHex(signed.kid)}`,
        audience: describeAudience(content.audience),
        sequence: content.sequence,
        floor: content.floor,
        revoked: splitCtis(content.revoked).map(toHex),
        signature: toHex(signed.signature),
      })),
  ],
  [
    "revocation delivery",
    (bytes) =>
      mapped(readDelivery(bytes), (delivered) =>
        delivered.map(({ statement, chain }) => ({
          statement: contentOf(statement),
          chain: chain === undefined ? null : contentOf(chain),
        })),
      ),
  ],
  [
    "signed time",
    (bytes) =>
      mapped(readTime(bytes), ({ signed, content }) => ({
        signer: signed.kid === undefined ? "the signer of a link" : `time key ${toHex(signed.kid)}`,
        time: describeTime(content.timeS),
        nonce: toHex(content.nonce),
        signature: toHex(signed.signature),
      })),
  ],
  [
    "discharge",
    (bytes) =>
      mapped(readDischarge(bytes), ({ signed, content }) => ({
        link: toHex(content.cti),
        nonce: toHex(content.nonce),
        signature: toHex(signed.signature),
      })),
  ],
  ["key set", (bytes) => mapped(decodeSignedKeyset(bytes), (keyset) => plainOf(keyset))],
  [
    "release",
    (bytes) => {
      const envelope = decodeRoleEnvelope("release", bytes, RELEASE_BYTES_MAX);
      if (!envelope.ok) return envelope;
      const release = decodeRelease(envelope.value.payload);
      return mapped(release, (content) => ({ key: toHex(envelope.value.keyName), ...(plainOf(content) as object) }));
    },
  ],
  [
    "timestamp",
    (bytes) => {
      const envelope = decodeRoleEnvelope("timestamp", bytes, TIMESTAMP_BYTES_MAX);
      if (!envelope.ok) return envelope;
      const timestamp = decodeTimestamp(envelope.value.payload);
      return mapped(timestamp, (content) => ({ key: toHex(envelope.value.keyName), ...(plainOf(content) as object) }));
    },
  ],
];

/**
 * Describes bytes of ours.
 * @returns What they are; "CBOR" with the plain item where no reader knows them; or what the CBOR refuses.
 */
export function describe(bytes: Uint8Array): Result<Description> {
  for (const [kind, describeKind] of KINDS) {
    const content = describeKind(bytes);
    if (content.ok) return ok({ kind, bytes: bytes.length, content: content.value });
  }
  const item = decodeCbor(bytes);
  return item.ok ? ok({ kind: "CBOR", bytes: bytes.length, content: plainOf(item.value) }) : item;
}

function contentOf(bytes: Uint8Array): Plain {
  const described = describe(bytes);
  return described.ok ? described.value.content : described.fault;
}

function mapped<T>(result: Result<T>, map: (value: T) => Plain): Result<Plain> {
  return result.ok ? ok(map(result.value)) : result;
}

function describeLone(bytes: Uint8Array, place: "grant" | "child"): Result<Plain> {
  const item = decodeCbor(bytes);
  if (!item.ok) return item;
  if (place === "child" && untag(item.value).tags.length > 0) return refuse("COSE_TAG");
  return mapped(readLink(item.value, place), describeLink);
}

function describeLink({ claims, signed, bytes }: Link): Plain {
  const { kid } = signed;
  return {
    bytes: bytes.length,
    signer: kid === undefined ? "the holder above" : `issuer ${toHex(kid)}`,
    ...describeClaims(claims),
    signature: toHex(signed.signature),
  };
}

function describeClaims(claims: Claims): { readonly [name: string]: Plain } {
  return {
    ...(claims.audience !== undefined && { audience: describeAudience(claims.audience) }),
    ...(claims.issuedAtS !== undefined && { issued: describeTime(claims.issuedAtS) }),
    ...(claims.expiresAtS !== undefined && { expires: describeTime(claims.expiresAtS) }),
    cti: toHex(claims.cti),
    holder: toHex(claims.holder),
    scope: describeScope(claims.scope),
    epoch: claims.epoch,
    caveats: claims.caveats.map((caveat) => plainOf(caveat)),
  };
}

function describeScope(scope: Scope): { readonly [name: string]: readonly string[] } {
  return Object.fromEntries(
    scope.map(({ name, rights }) => [
      name,
      Object.entries(RIGHT)
        .filter(([, bit]) => (rights & bit) !== 0)
        .map(([right]) => right),
    ]),
  );
}

function describeAudience(audience: Audience): string {
  return audience.kind === "device" ? `device ${toHex(audience.id)}` : `${audience.kind} ${audience.name}`;
}

function describeTime(timeS: number): string {
  return new Date(timeS * 1000).toISOString().replace(".000", "");
}

/** Any value of ours as plain data. */
function plainOf(value: unknown): Plain {
  if (value === null || value === undefined) return null;
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "object") return value as Plain;
  if (value instanceof Uint8Array) return toHex(value);
  if (Array.isArray(value)) return value.map(plainOf);
  const entries = value instanceof Map ? [...value].map(([key, each]) => [String(key), each]) : Object.entries(value);
  return Object.fromEntries(entries.map(([name, each]) => [name, plainOf(each as Cbor)]));
}
