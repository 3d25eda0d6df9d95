/** What the person at the keyboard can mend; one line that says how. */
export class CliTrouble extends Error {
  override name = "CliTrouble";
}
