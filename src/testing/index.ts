/** What makers test apps with: `latchkey/testing`. */
export type { I2cDevice, IoModel, SpiDevice } from "#app/testing/io-model.ts";
export { createRegisterDevice, type RegisterDevice, tmp105Registers } from "#app/testing/register-device.ts";
export { type Caller, Refused } from "./caller.ts";
export type { TestDevice } from "./device-interface.ts";
export { startDevice } from "./test-device.ts";
