/** What makers test apps with: `latchkey/testing`. */
export { type Caller, Refused, startDevice, type TestDevice } from "./test-device.ts";
