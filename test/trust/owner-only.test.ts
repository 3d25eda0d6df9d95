/** Whom Windows lets read a file, read from its access control list as `icacls /save` writes it. */
import { expect, test } from "vitest";
import { sharedWith } from "#trust/host/owner-only.ts";

const OWNER = "S-1-5-21-1004336348-1177238915-682003330-1001";
const OTHER = "S-1-5-21-1004336348-1177238915-682003330-1002";

test.each([
  ["its owner alone", `release.key\r\nD:PAI(A;;FA;;;${OWNER})\r\n`, []],
  ["owner, system and administrators", `k\r\nD:AI(A;ID;FA;;;SY)(A;ID;FA;;;BA)(A;ID;FA;;;${OWNER})\r\n`, []],
  ["another user as well", `k\r\nD:AI(A;ID;FA;;;${OWNER})(A;ID;FR;;;${OTHER})\r\n`, [OTHER]],
  ["everybody, and all users", `k\r\nD:(A;;FA;;;WD)(A;;0x1200a9;;;BU)(A;;FA;;;${OWNER})\r\n`, ["WD", "BU"]],
  ["a refusal, which lets nobody in", `k\r\nD:(D;;FA;;;WD)(A;;FA;;;${OWNER})\r\n`, []],
  ["what only files below get", `k\r\nD:(A;OICIIO;FA;;;WD)(A;;FA;;;${OWNER})\r\n`, []],
  ["no list at all", "k\r\nD:NO_ACCESS_CONTROL\r\n", ["everyone"]],
  ["nothing that is understood", "k\r\n", ["everyone"]],
])("%s", (_, sddl, others) => expect(sharedWith(sddl, OWNER)).toEqual(others));
