/** Marshals values between the host and the guest engine: numbers, texts, booleans, bytes, plain objects, lists. */
import type { QuickJSContext, QuickJSHandle } from "quickjs-emscripten-core";

/** A function of the guest, as a host function receives it. */
export interface GuestFunction {
  readonly guestFunction: number;
}

/** What the values of one engine cross. */
export interface Border {
  readonly context: QuickJSContext;
  /** Those that the guest gave, by their numbers. */
  readonly guestFunctions: QuickJSHandle[];
  /** Throws where the guest has no room for so many bytes. */
  makeRoom(bytes: number): void;
}

/** What an object takes at most beside its bytes, characters or members. */
const OBJECT_BYTES = 512;

/** A guest's value of a host's value. Byte strings become Uint8Array with a buffer of their own. */
export function toGuest(border: Border, value: unknown): QuickJSHandle {
  const { context } = border;
  if (value === undefined) return context.undefined;
  if (value === null) return context.null;
  if (typeof value === "number") return context.newNumber(value);
  if (typeof value === "string") {
    border.makeRoom(OBJECT_BYTES + 2 * value.length);
    return context.newString(value);
  }
  if (typeof value === "boolean") return value ? context.true : context.false;
  border.makeRoom(OBJECT_BYTES + (value instanceof Uint8Array ? value.length : 0));
  if (value instanceof Uint8Array) return bytesToGuest(context, value);
  if (Array.isArray(value)) {
    const list = context.newArray();
    value.forEach((item, i) => {
      const handle = toGuest(border, item);
      context.setProp(list, i, handle);
      handle.dispose();
    });
    return list;
  }
  const object = context.newObject();
  for (const [name, member] of Object.entries(value as object)) {
    const handle = toGuest(border, member);
    context.setProp(object, name, handle);
    handle.dispose();
  }
  return object;
}

function bytesToGuest(context: QuickJSContext, bytes: Uint8Array): QuickJSHandle {
  const outside = context.newArrayBuffer(new Uint8Array(bytes).buffer);
  const view = newBytes(context, outside);
  // The first lies in memory of the package, which the guest's heap doesn't count.
  const made = newBytes(context, view);
  for (const handle of [outside, view]) handle.dispose();
  return made;
}

/** `new Uint8Array(of)`. */
function newBytes(context: QuickJSContext, of: QuickJSHandle): QuickJSHandle {
  const wrap = context.getProp(context.global, "Uint8Array");
  const reflect = context.getProp(context.global, "Reflect");
  const construct = context.getProp(reflect, "construct");
  const args = context.newArray();
  context.setProp(args, 0, of);
  const made = context.unwrapResult(context.callFunction(construct, context.undefined, wrap, args));
  for (const handle of [wrap, reflect, construct, args]) handle.dispose();
  return made;
}

/** A host's value of a guest's: numbers, texts, booleans, bytes, plain objects; a function becomes a reference to call it by. */
export function fromGuest(border: Border, handle: QuickJSHandle): unknown {
  const { context, guestFunctions } = border;
  switch (context.typeof(handle)) {
    case "number":
      return context.getNumber(handle);
    case "string":
      return context.getString(handle);
    case "boolean":
      return context.eq(handle, context.true);
    case "function":
      guestFunctions.push(handle.dup());
      return { guestFunction: guestFunctions.length - 1 } satisfies GuestFunction;
    case "object":
      return bytesFromGuest(context, handle) ?? objectFromGuest(border, handle);
    default:
      return undefined;
  }
}

function bytesFromGuest(context: QuickJSContext, handle: QuickJSHandle): Uint8Array | undefined {
  const number = (name: string): number => {
    const property = context.getProp(handle, name);
    const value = context.typeof(property) === "number" ? context.getNumber(property) : -1;
    property.dispose();
    return value;
  };
  const byteLength = number("byteLength");
  if (byteLength < 0) return undefined;
  const byteOffset = number("byteOffset");
  const buffer = context.getProp(handle, "buffer");
  const lifetime = context.getArrayBuffer(buffer);
  const bytes = lifetime.value.slice(byteOffset, byteOffset + byteLength);
  lifetime.dispose();
  buffer.dispose();
  return bytes;
}

/** The own properties of an object that is no byte string; undefined for null. */
function objectFromGuest(border: Border, handle: QuickJSHandle): unknown {
  const { context } = border;
  if (context.eq(handle, context.null)) return undefined;
  const names = context.unwrapResult(context.getOwnPropertyNames(handle, { strings: true, onlyEnumerable: true }));
  const entries = [...names].map((name): [string, unknown] => {
    const key = context.getString(name);
    const member = context.getProp(handle, key);
    const value = fromGuest(border, member);
    member.dispose();
    return [key, value];
  });
  names.dispose();
  return Object.fromEntries(entries);
}
