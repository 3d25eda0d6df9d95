/** What `latchkey/phone` offers wherever it runs. */
export { fromHex, toHex } from "#base/bytes.ts";
export { type Fault, faultText, type Result } from "#base/faults.ts";
export type { Cbor } from "#codec/cbor.ts";
export { airKey, holderSeed } from "#trust/grants/card-keys.ts";
export type { Primitives } from "#trust/primitives.ts";
export type { Description, ValueSchema } from "#wire/describe.ts";
export { type Scope, scopeOf } from "#wire/grants/scope.ts";
export { call } from "./call.ts";
export { describeApp, describeUnit, type UnitDescription } from "./describe.ts";
export { historyOf } from "./history.ts";
export { revokedAt, revokeLinks } from "./revoke.ts";
export { pairCodes } from "./scan.ts";
export { openSession, type Session } from "./session.ts";
export { mintShare, type Shared, shareWith } from "./share.ts";
export { createEventFilter, eventsAfter, type RaisedEvent } from "./subscribe.ts";
export { tellUnit } from "./tell-time.ts";
export type { Transport } from "./transport.ts";
export { askCloud, moveCloud, type UnitCloud } from "./unit-cloud.ts";
