/**
 * Changes a CBOR item in one place, whatever depth it lies at, and leaves everything around it well formed: lengths fit,
 * keys are sorted, so that a decoder gets to see the change and not a broken frame. Byte strings that hold CBOR are looked into.
 */
import { type Cbor, type CborKey, type CborTag, decodeCbor, encodeCbor } from "#codec/cbor.ts";

type Below = (n: number) => number;

const ODD: readonly Cbor[] = [
  ...[0, 1, -1, 23, 24, 255, 256, 65_535, 65_536, 2 ** 31, 2 ** 32, 2 ** 40, Number.MAX_SAFE_INTEGER, 0.5, -0.5, 1e300],
  ...[2n ** 63n, -(2n ** 63n), "", "*", "a".repeat(65), true, false, null, undefined, [], new Map(), new Uint8Array(0)],
  ...[new Uint8Array(8), new Uint8Array(12), new Uint8Array(32), { tag: 18, value: [] }, { simple: 99 }, { float: 1 }],
];

function oddItem(below: Below): Cbor {
  return ODD[below(ODD.length)] as Cbor;
}

function isTag(item: Cbor): item is CborTag {
  return typeof item === "object" && item !== null && "tag" in item;
}

/** A place in a list, the likelier the more bytes the item there takes: where most of the meaning is. */
function placeIn(list: readonly Cbor[], below: Below): number {
  const sizes = list.map((item) => encodeCbor(item).length);
  const aim = below(sizes.reduce((sum, size) => sum + size, 0));
  let passed = 0;
  const place = sizes.findIndex((size) => {
    passed += size;
    return aim < passed;
  });
  return Math.max(0, place);
}

function mutatedBytes(bytes: Uint8Array, below: Below): Uint8Array {
  const inner = bytes.length > 1 ? decodeCbor(bytes) : undefined;
  // Once in a while the inside is broken too.
  if (inner?.ok && typeof inner.value === "object" && below(8) > 0) return encodeCbor(mutatedItem(inner.value, below));
  const length = [bytes.length, bytes.length, bytes.length + 1, Math.max(0, bytes.length - 1), below(70)][
    below(5)
  ] as number;
  const out = new Uint8Array(length);
  out.set(bytes.subarray(0, length));
  if (length > 0) out[below(length)] = below(256);
  return out;
}

function mutatedList(list: readonly Cbor[], below: Below): Cbor {
  const at = placeIn(list, below);
  switch (below(20)) {
    case 0:
      return list.toSpliced(at, 1);
    case 1:
      return list.toSpliced(at, 0, list[below(Math.max(1, list.length))] ?? 0);
    case 2:
      return list.toSpliced(at, 0, oddItem(below));
    default:
      return list.length === 0 ? oddItem(below) : list.with(at, mutatedItem(list[at], below));
  }
}

function mutatedMap(map: ReadonlyMap<CborKey, Cbor>, below: Below): Cbor {
  const entries = [...map];
  const entry = entries[placeIn([...map.values()], below)];
  if (entry === undefined) return oddItem(below);
  const [key, value] = entry;
  const out = new Map(entries);
  switch (below(20)) {
    case 0:
      out.delete(key);
      break;
    case 1:
      out.set(below(2) === 0 ? below(40) - 20 : "x", oddItem(below));
      break;
    case 2:
      out.delete(key);
      out.set(below(12), value);
      break;
    default:
      out.set(key, mutatedItem(value, below));
  }
  return out;
}

/** The item with one change. */
export function mutatedItem(item: Cbor, below: Below): Cbor {
  if (below(40) === 0) return oddItem(below);
  if (typeof item === "number") return below(3) === 0 ? oddItem(below) : Math.trunc(item) + below(5) - 2;
  if (item instanceof Uint8Array) return mutatedBytes(item, below);
  if (Array.isArray(item)) return mutatedList(item as readonly Cbor[], below);
  if (item instanceof Map) return mutatedMap(item as ReadonlyMap<CborKey, Cbor>, below);
  if (isTag(item)) {
    return below(20) === 0
      ? { tag: below(70), value: item.value }
      : { tag: item.tag, value: mutatedItem(item.value, below) };
  }
  if (typeof item === "string" && item !== "") {
    const at = below(item.length);
    return item.slice(0, at) + String.fromCharCode(32 + below(95)) + item.slice(at + below(2));
  }
  return oddItem(below);
}
