/** SHA-256 of the parts one after another: 32 bytes. Given by whoever runs the code. @source FIPS 180-4 */
export type Sha256 = (...parts: readonly Uint8Array[]) => Uint8Array;
