/** What makers write apps with: `latchkey/device`. */
export { type DeviceDefinition, type DeviceIo, defineDevice } from "./define-device.ts";
export { Analog, type AnalogOptions } from "./io/analog.ts";
export { device } from "./io/buses.ts";
export { Digital, type DigitalOptions } from "./io/digital.ts";
export { DigitalBank, type DigitalBankOptions } from "./io/digital-bank.ts";
export { I2C, type I2COptions } from "./io/i2c.ts";
export type { ByteBuffer, IoOptions, Pin } from "./io/io-instance.ts";
export { PulseCount, type PulseCountOptions } from "./io/pulse-count.ts";
export { PWM, type PWMOptions } from "./io/pwm.ts";
export { Serial, type SerialOptions } from "./io/serial.ts";
export { SMBus, type SMBusOptions } from "./io/smbus.ts";
export { SPI, type SPIOptions } from "./io/spi.ts";
export { bool, bytes, int, number, oneOf, type Schema, text } from "./schema.ts";
export { retained, type SleepOptions, sleep, wokenBy } from "./sleep.ts";
