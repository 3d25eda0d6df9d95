/** The story's attacker: flips the lowest bit of the signature of a release in a cloud's store. FILE SEQUENCE. */
import Database from "libsql";

const [path = "", sequence = ""] = process.argv.slice(2);
const database = new Database(path);
const row = database.prepare("SELECT envelope FROM releases WHERE sequence = ?").get([Number(sequence)]) as {
  readonly envelope: Uint8Array;
};
const bytes = Buffer.from(row.envelope);
bytes[bytes.length - 1] = (bytes[bytes.length - 1] as number) ^ 1;
database.prepare("UPDATE releases SET envelope = ? WHERE sequence = ?").run([bytes, Number(sequence)]);
database.close();
