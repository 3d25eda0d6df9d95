/** An error on the factory line: its message says what is wrong and what to do. The unit must not be shipped. */
export class LineError extends Error {
  override name = "LineError";
}
