/** `latchkey/phone` in Node: what a page has, and discovery, onboarding and the relay through a cloud as well. */
export { discover } from "#phone/discover.ts";
export { messageFor } from "#phone/message.ts";
export { onboard } from "#phone/onboard.ts";
export { cloudRelayTransport } from "#phone/transports/cloud-relay.ts";
export { httpTransport as localTransport } from "#phone/transports/http.ts";
export { openUdpTransport } from "#phone/transports/udp.ts";
export { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
export * from "./phone-api.ts";
