/** An error that the user can correct: one line that says what to do. */
export class CliTrouble extends Error {
  override name = "CliTrouble";
}
