/** What can't go on, in one line that says what to do. */
export class BuildStop extends Error {
  override name = "BuildStop";
}
