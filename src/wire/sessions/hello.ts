/**
 * The hello: one datagram by which a unit that has just joined says who and where it is, signed by its device key.
 * @source PROTOCOL 6.9
 */
import { concat, equal, viewOf } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import type { Sha256 } from "#base/sha256.ts";
import { utf8 } from "#base/utf8.ts";
import type { AirCredentials } from "#wire/air/air-credentials.ts";

/** Where phones listen for it. */
export const HELLO_PORT = 4754;

const MAGIC = utf8("LKH1");
const ID_AT = 4;
const KEY_AT = 16;
const IPV4_AT = 48;
const PORT_AT = 52;
const KIND_AT = 54;
const BINDING_AT = 55;
const BINDING_BYTES = 16;
/** Of Air: its counter, and as much of its tag as fits behind. */
const COUNTER_BYTES = 5;
const TAG_PART_BYTES = BINDING_BYTES - COUNTER_BYTES;
const SIGNATURE_AT = BINDING_AT + BINDING_BYTES;
const HELLO_BYTES = SIGNATURE_AT + 64;

/** What the signature stands over besides the bytes themselves. */
const CONTEXT = utf8("latchkey hello 1");

/**
 * What a hello answers: the bytes of a sealed Air message (only who saw it could name them), a digest of what an older
 * protocol brought, or nothing (the unit came back with credentials it had).
 */
export type HelloBinding =
  | { readonly kind: "air"; readonly counter: number /** Its first 11 bytes. */; readonly tag: Uint8Array }
  | { readonly kind: "digest"; readonly digest: Uint8Array }
  | { readonly kind: "none" };

export interface Hello {
  readonly deviceId: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly ipv4: string;
  /** Where its LAN server listens. */
  readonly tcpPort: number;
  readonly binding: HelloBinding;
}

const KINDS = ["none", "air", "digest"] as const;

function bindingBytes(binding: HelloBinding): Uint8Array {
  const bytes = new Uint8Array(BINDING_BYTES);
  if (binding.kind === "air") {
    viewOf(bytes).setUint32(0, binding.counter >>> 0, true);
    bytes[4] = Math.floor(binding.counter / 0x1_0000_0000);
    bytes.set(binding.tag, COUNTER_BYTES);
  } else if (binding.kind === "digest") bytes.set(binding.digest);
  return bytes;
}

/** The bytes that the device key signs. */
export function helloToSign(hello: Hello): Uint8Array {
  const bytes = new Uint8Array(SIGNATURE_AT);
  bytes.set(MAGIC);
  bytes.set(hello.deviceId, ID_AT);
  bytes.set(hello.publicKey, KEY_AT);
  bytes.set(Uint8Array.from(hello.ipv4.split("."), Number), IPV4_AT);
  viewOf(bytes).setUint16(PORT_AT, hello.tcpPort, true);
  bytes[KIND_AT] = KINDS.indexOf(hello.binding.kind);
  bytes.set(bindingBytes(hello.binding), BINDING_AT);
  return concat(CONTEXT, bytes);
}

/** The datagram, given the signature over {@link helloToSign}. */
export function encodeHello(hello: Hello, signature: Uint8Array): Uint8Array {
  return concat(helloToSign(hello).subarray(CONTEXT.length), signature);
}

/**
 * Reads a hello without believing it: trust/verify-hello.ts does that.
 * @returns The hello and its signature, or HELLO_FORGED for another length, magic, kind or filling.
 */
export function decodeHello(bytes: Uint8Array): Result<{ hello: Hello; signature: Uint8Array }> {
  if (bytes.length !== HELLO_BYTES || MAGIC.some((byte, i) => byte !== bytes[i])) return refuse("HELLO_FORGED");
  const kind = KINDS[bytes[KIND_AT] as number];
  if (kind === undefined) return refuse("HELLO_FORGED");
  const field = bytes.slice(BINDING_AT, SIGNATURE_AT);
  const binding: HelloBinding =
    kind === "air"
      ? {
          kind,
          counter: viewOf(field).getUint32(0, true) + (field[4] as number) * 0x1_0000_0000,
          tag: field.slice(COUNTER_BYTES),
        }
      : kind === "digest"
        ? { kind, digest: field }
        : { kind };
  const hello: Hello = {
    deviceId: bytes.slice(ID_AT, KEY_AT),
    publicKey: bytes.slice(KEY_AT, IPV4_AT),
    ipv4: bytes.subarray(IPV4_AT, PORT_AT).join("."),
    tcpPort: viewOf(bytes).getUint16(PORT_AT, true),
    binding,
  };
  const signature = bytes.slice(SIGNATURE_AT);
  // One hello is one byte string: filling bytes that nobody looks at must be zero.
  return equal(encodeHello(hello, signature), bytes) ? ok({ hello, signature }) : refuse("HELLO_FORGED");
}

/**
 * What a hello that answers an older protocol is bound to: its first 16 bytes of SHA-256 over protocol, SSID, reserved
 * bytes and token. The passphrase stays out, or the broadcast hello would let anyone test guesses of it. The binding
 * is fresh only where the sender put fresh bytes in (ESP-TOUCH v2's reserved data).
 * @source PROTOCOL 6.9
 */
export function bindingOf(
  found: Pick<AirCredentials, "protocol" | "ssid" | "reserved" | "token" | "sealed">,
  sha256: Sha256,
): HelloBinding {
  if (found.sealed !== undefined)
    return { kind: "air", counter: found.sealed.counter, tag: found.sealed.tag.slice(0, TAG_PART_BYTES) };
  const counted = (bytes: Uint8Array) => concat(Uint8Array.of(bytes.length), bytes);
  const message = concat(
    counted(utf8(found.protocol)),
    counted(found.ssid),
    counted(found.reserved),
    Uint8Array.of(found.token),
  );
  return { kind: "digest", digest: sha256(message).slice(0, BINDING_BYTES) };
}
