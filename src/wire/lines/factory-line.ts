/**
 * The factory console: how a station and a bare unit talk over the serial line that also carries the log. A message is
 * one line: "~", the hexadecimal digits of deterministic CBOR, "\n"; every other line is log.
 * @source PROTOCOL 9.2
 */
import { fromHex, toHex } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import { type Cbor, type CborKey, decodeCbor, encodeCbor } from "#codec/cbor.ts";

/** Asks of the station. */
export type FactoryRequest =
  /** Who are you? The unit makes its key when it has none and answers with `identity`. */
  | { readonly kind: "identify" }
  /** Remember these values under these names; the unit takes them once and answers with `done`. */
  | { readonly kind: "provision"; readonly values: ReadonlyMap<string, Uint8Array> }
  /** What do you remember? The unit answers with `state`; it never tells a secret. */
  | { readonly kind: "check" };

/** Answers of the unit. */
export type FactoryAnswer =
  | { readonly kind: "identity"; readonly publicKey: Uint8Array }
  /** 0, or the number of the fault. */
  | { readonly kind: "done"; readonly fault: number }
  /** First 16 bytes of the SHA-512 of each provisioned value, by name: a digest tells nothing of 32 random bytes. */
  | { readonly kind: "state"; readonly digests: ReadonlyMap<string, Uint8Array> };

const KINDS = { identify: 1, provision: 2, check: 3, identity: 129, done: 130, state: 131 } as const;

function bodyOf(message: FactoryRequest | FactoryAnswer): Cbor[] {
  const kind = KINDS[message.kind];
  switch (message.kind) {
    case "provision":
      return [kind, new Map<CborKey, Cbor>(message.values)];
    case "state":
      return [kind, new Map<CborKey, Cbor>(message.digests)];
    case "identity":
      return [kind, message.publicKey];
    case "done":
      return [kind, message.fault];
    default:
      return [kind];
  }
}

/** The line of a message, with its line feed. */
export function encodeFactoryLine(message: FactoryRequest | FactoryAnswer): string {
  return `~${toHex(encodeCbor(bodyOf(message)))}\n`;
}

function mapOf(value: Cbor | undefined): ReadonlyMap<string, Uint8Array> | undefined {
  if (!(value instanceof Map)) return undefined;
  const map = new Map<string, Uint8Array>();
  for (const [name, bytes] of value) {
    if (typeof name !== "string" || !(bytes instanceof Uint8Array)) return undefined;
    map.set(name, bytes);
  }
  return map;
}

/**
 * The message of a line (without its line feed).
 * @returns undefined for a line of log; FACTORY_LINE for a message that is not one of these.
 */
export function decodeFactoryLine(line: string): Result<FactoryRequest | FactoryAnswer> | undefined {
  if (!line.startsWith("~")) return undefined;
  const bytes = fromHex(line.slice(1).trim());
  const decoded = bytes === undefined ? refuse("FACTORY_LINE") : decodeCbor(bytes);
  if (!decoded.ok || !Array.isArray(decoded.value)) return refuse("FACTORY_LINE");
  const [kind, body] = decoded.value as Cbor[];
  const map = mapOf(body);
  if (kind === KINDS.identify) return ok({ kind: "identify" });
  if (kind === KINDS.check) return ok({ kind: "check" });
  if (kind === KINDS.provision && map !== undefined) return ok({ kind: "provision", values: map });
  if (kind === KINDS.state && map !== undefined) return ok({ kind: "state", digests: map });
  if (kind === KINDS.identity && body instanceof Uint8Array) return ok({ kind: "identity", publicKey: body });
  if (kind === KINDS.done && typeof body === "number") return ok({ kind: "done", fault: body });
  return refuse("FACTORY_LINE");
}
