/**
 * Whether a file is its owner's alone, and how it becomes so: by its mode, and on Windows, where modes say nothing, by its access
 * control list (ACL). Administrators and the system itself may read everything on either kind of system.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** SDDL's names for the local system, administrators, and the owner's own rights. */
const ALLOWED: ReadonlySet<string> = new Set(["SY", "BA", "OW", "LA"]);
/** One entry: type;flags;rights;object;inherited object;trustee. */
const ENTRY = /\(([A-Z]+);([^;)]*);([^;)]*);[^;)]*;[^;)]*;([^;)]*)\)/g;

/**
 * Whom else an ACL lets in.
 * @param sddl  As `icacls FILE /save` writes it, such as `D:PAI(A;;FA;;;SY)(A;;FA;;;S-1-5-21-1-2-3-1001)`.
 * @param owner The owner's security identifier (SID).
 * @returns SDDL's names or SIDs; "everyone" for a file without any list.
 */
export function sharedWith(sddl: string, owner: string): readonly string[] {
  const list = /D:[A-Z]*((?:\([^)]*\))*)/.exec(sddl);
  if (list === null || sddl.includes("NO_ACCESS_CONTROL")) return ["everyone"];
  return (
    [...(list[1] ?? "").matchAll(ENTRY)]
      // An entry that is only passed on to files below a folder doesn't count for the file itself.
      .filter(([, kind, flags = ""]) => kind !== "D" && !flags.includes("IO"))
      .map(([, , , , trustee = ""]) => trustee)
      .filter((trustee) => trustee !== owner && !ALLOWED.has(trustee))
  );
}

/** This user's SID. */
function ownSid(): string {
  const line = execFileSync("whoami", ["/user", "/fo", "csv", "/nh"], { encoding: "utf8" });
  const sid = /"(S-[\d-]+)"\s*$/.exec(line)?.[1];
  if (sid === undefined) throw new Error(`whoami did not name this user's SID: ${line.trim()}`);
  return sid;
}

function sddlOf(path: string): string {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-acl-"));
  try {
    const saved = join(folder, "acl");
    execFileSync("icacls", [path, "/save", saved, "/q"], { stdio: "ignore" });
    return readFileSync(saved, "utf16le");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Takes everybody else's access to a file on Windows; elsewhere its mode, given when it was created, says so already. */
export function makeOwnerOnly(path: string): void {
  if (process.platform !== "win32") return;
  execFileSync("icacls", [path, "/inheritance:r", "/grant:r", `*${ownSid()}:F`, "/q"], { stdio: "ignore" });
}

/** What is wrong with a file that others may read, and what to do; undefined for one that is its owner's alone. */
export function sharingTrouble(path: string): string | undefined {
  if (process.platform !== "win32") {
    return (statSync(path).mode & 0o077) === 0 ? undefined : `others may read ${path}; run: chmod 600 ${path}`;
  }
  const others = sharedWith(sddlOf(path), ownSid());
  if (others.length === 0) return undefined;
  return `others may read ${path} (${others.join(", ")}); run: icacls "${path}" /inheritance:r /grant:r "%USERNAME%:F"`;
}
