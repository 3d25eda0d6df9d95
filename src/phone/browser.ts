/** `latchkey/phone` in a page: sessions, calls and keys of an owner, over the unit's own network. */
export { fetchTransport as localTransport } from "#phone/transports/fetch.ts";
export { browserPrimitives as primitives } from "#trust/host/browser-primitives.ts";
export * from "./phone-api.ts";
