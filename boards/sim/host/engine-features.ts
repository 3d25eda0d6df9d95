/**
 * What the simulated board's engine has and the firmware's doesn't: the one here is newer (2025-09-13 against
 * 2025-04-26), and the firmware leaves out what the bundle has no use for (firmware/main/engine.c). A test on the native
 * image holds the two to the same names.
 */
const members = (of: string, names: string): readonly string[] => names.split(" ").map((name) => `${of}.${name}`);

export const NOT_ON_A_UNIT: readonly string[] = [
  // Newer
  ...members("globalThis", "Iterator Float16Array"),
  ...members("Math", "sumPrecise f16round"),
  ...["Promise.try", "Error.isError", "RegExp.escape", "RegExp.prototype.unicodeSets"],
  ...members("Uint8Array", "fromBase64 fromHex"),
  ...members("ArrayBuffer.prototype", "detached maxByteLength resizable resize transfer transferToFixedLength"),
  ...members("SharedArrayBuffer.prototype", "grow growable maxByteLength"),
  ...members("DataView.prototype", "getFloat16 setFloat16"),
  ...members("Map.prototype", "getOrInsert getOrInsertComputed"),
  ...members("WeakMap.prototype", "getOrInsert getOrInsertComputed"),
  ...members(
    "Set.prototype",
    "difference intersection isDisjointFrom isSubsetOf isSupersetOf symmetricDifference union",
  ),
  // Left out: a calendar (a unit counts seconds), Unicode's tables of compositions, weak references
  ...members("globalThis", "Date WeakRef FinalizationRegistry"),
  ...members("String.prototype", "normalize localeCompare"),
];
