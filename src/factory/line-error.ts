/** Something on the line is wrong; the message says what, and what to do. The unit must not be shipped. */
export class LineError extends Error {
  override name = "LineError";
}
