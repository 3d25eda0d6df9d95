/** What makers test apps with: `latchkey/testing`. */
export type { I2cDevice, IoModel, SpiDevice } from "#app/testing/io-model.ts";
export { createRegisterDevice, type RegisterDevice, tmp105Registers } from "#app/testing/register-device.ts";
export { type Caller, Refused, startDevice, type TestDevice } from "./test-device.ts";
