/** Marshals values between the host and the guest engine: numbers, texts, booleans, bytes, plain objects, lists. */
import type { QuickJSContext, QuickJSHandle } from "quickjs-emscripten-core";

/** A function of the guest, as a host function receives it. */
export interface GuestFunction {
  readonly guestFunction: number;
}

/** A guest's value of a host's value. Byte strings become Uint8Array with a buffer of their own. */
export function toGuest(context: QuickJSContext, value: unknown): QuickJSHandle {
  if (value === undefined) return context.undefined;
  if (value === null) return context.null;
  if (typeof value === "number") return context.newNumber(value);
  if (typeof value === "string") return context.newString(value);
  if (typeof value === "boolean") return value ? context.true : context.false;
  if (value instanceof Uint8Array) return bytesToGuest(context, value);
  if (Array.isArray(value)) {
    const list = context.newArray();
    value.forEach((item, i) => {
      const handle = toGuest(context, item);
      context.setProp(list, i, handle);
      handle.dispose();
    });
    return list;
  }
  const object = context.newObject();
  for (const [name, member] of Object.entries(value as object)) {
    const handle = toGuest(context, member);
    context.setProp(object, name, handle);
    handle.dispose();
  }
  return object;
}

function bytesToGuest(context: QuickJSContext, bytes: Uint8Array): QuickJSHandle {
  const copy = new Uint8Array(bytes);
  const buffer = context.newArrayBuffer(copy.buffer);
  const wrap = context.getProp(context.global, "Uint8Array");
  const reflect = context.getProp(context.global, "Reflect");
  const construct = context.getProp(reflect, "construct");
  const args = context.newArray();
  context.setProp(args, 0, buffer);
  const made = context.unwrapResult(context.callFunction(construct, context.undefined, wrap, args));
  for (const handle of [buffer, wrap, reflect, construct, args]) handle.dispose();
  return made;
}

/** A host's value of a guest's: numbers, texts, booleans, bytes, plain objects; a function becomes a reference to call it by. */
export function fromGuest(context: QuickJSContext, handle: QuickJSHandle, functions: QuickJSHandle[]): unknown {
  switch (context.typeof(handle)) {
    case "number":
      return context.getNumber(handle);
    case "string":
      return context.getString(handle);
    case "boolean":
      return context.eq(handle, context.true);
    case "function":
      functions.push(handle.dup());
      return { guestFunction: functions.length - 1 } satisfies GuestFunction;
    case "object":
      return bytesFromGuest(context, handle) ?? objectFromGuest(context, handle, functions);
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
function objectFromGuest(context: QuickJSContext, handle: QuickJSHandle, functions: QuickJSHandle[]): unknown {
  if (context.eq(handle, context.null)) return undefined;
  const names = context.unwrapResult(context.getOwnPropertyNames(handle, { strings: true, onlyEnumerable: true }));
  const entries = [...names].map((name): [string, unknown] => {
    const key = context.getString(name);
    const member = context.getProp(handle, key);
    const value = fromGuest(context, member, functions);
    member.dispose();
    return [key, value];
  });
  names.dispose();
  return Object.fromEntries(entries);
}
