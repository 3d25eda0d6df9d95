/**
 * The host provider's buses and what they are called on every board that has them, so that an app says `...device.i2c.default`
 * and runs on each (ECMA-419 2nd edition, clause 26, IO bus properties).
 */
export const device = {
  i2c: { default: { data: "sda", clock: "scl" } },
  spi: { default: { out: "mosi", in: "miso", clock: "sck" } },
  serial: { default: { receive: "rx", transmit: "tx" } },
} as const;
