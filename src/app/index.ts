/** What makers write apps with: `latchkey/device`. */
export { type DeviceDefinition, defineDevice } from "./define-device.ts";
export { bool, bytes, int, number, oneOf, type Schema, text } from "./schema.ts";
