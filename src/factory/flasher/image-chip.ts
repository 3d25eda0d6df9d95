/** For which chip an image for ESP32 was made, as its head says. */

/** @source esptool, bin_image.py: ESP_IMAGE_MAGIC, and the chip's number in the extended header */
const MAGIC = 0xe9;
const HEAD_BYTES = 24;
const CHIP_AT = 12;

/** Numbers of chips, by the boards' names. @source esptool, IMAGE_CHIP_ID of each target */
const CHIPS: Readonly<Record<number, string>> = {
  0: "esp32",
  2: "esp32s2",
  5: "esp32c3",
  9: "esp32s3",
  12: "esp32c2",
  13: "esp32c6",
  16: "esp32h2",
  18: "esp32p4",
  20: "esp32c61",
  23: "esp32c5",
};

/** @returns undefined for bytes that are no image of these chips, or of one that is not known here. */
export function imageChip(bytes: Uint8Array): string | undefined {
  if (bytes.length < HEAD_BYTES || bytes[0] !== MAGIC) return undefined;
  return CHIPS[(bytes[CHIP_AT] as number) | ((bytes[CHIP_AT + 1] as number) << 8)];
}
