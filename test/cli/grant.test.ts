/** Cards and grants from the command line, judged by the rule that units go by. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { fromHex } from "#base/bytes.ts";
import { chainOf } from "#trust/grants/mint.ts";
import { applyDelivery } from "#trust/grants/revoke.ts";
import { type Trust, verifyChain } from "#trust/grants/verify-grant.ts";
import { call, trust } from "../trust/grants/household.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-grant-"));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);
const ID = "0123456789abcdef01234567";

function latchkey(args: readonly string[], input = "") {
  const run = spawnSync(process.execPath, ["bin/latchkey.mjs", ...args], { input, encoding: "utf8" });
  return { status: run.status, out: run.stdout.trim(), trouble: run.stderr.trim() };
}
function json(args: readonly string[], input?: string) {
  const { status, out, trouble } = latchkey([...args, "--json"], input);
  expect(trouble).toBe("");
  expect(status).toBe(0);
  return JSON.parse(out);
}
const keyIn = (name: string) => JSON.parse(readFileSync(at(name), "utf8")).public as string;
const bytesIn = (name: string) => fromHex(readFileSync(at(name), "utf8").trim()) as Uint8Array;

test("from a card to a guest's chain, and back again", () => {
  expect(latchkey(["keys", "new", "issuer", at("issuer.key")]).status).toBe(0);
  const made = json(["factory", "card", "new", "--id", ID, "--maker", "lamps.example", "--out", at("card")]);
  expect(statSync(at("card")).mode & 0o077).toBe(0);
  const card = JSON.parse(readFileSync(at("card"), "utf8"));
  expect(made).toEqual({ id: ID, holder: card.holder });

  const read = latchkey(["factory", "card", "read", at("card"), "--holder", at("owner.key")]);
  expect(read.out).toContain(card.holder);
  expect(read.out.replaceAll("-", "").toUpperCase()).not.toContain(card.text.replaceAll("-", ""));
  expect(keyIn("owner.key")).toBe(card.holder);
  const typed = json(["factory", "card", "type", "--id", ID], `${card.text.toLowerCase().replaceAll("0", "o")}\n`);
  expect(typed).toEqual({ good: true, id: ID, holder: card.holder });
  const slip = latchkey(
    ["factory", "card", "type"],
    `${card.text.slice(0, -1)}${card.text.endsWith("A") ? "B" : "A"}\n`,
  );
  expect(slip.status).toBe(1);
  expect(slip.trouble).toContain("CARD_CHECK");

  const issued = ["grant", "issue", "--issuer", at("issuer.key"), "--kid", "7", "--for", ID];
  const grant = json([...issued, "--holder", card.holder, "--out", at("grant")]);
  expect(grant.bytes).toBeLessThanOrEqual(182);
  latchkey(["keys", "new", "holder", at("guest.key")]);
  const narrow = ["grant", "child", "--chain", at("grant"), "--key", at("owner.key"), "--holder", keyIn("guest.key")];
  const child = json([...narrow, "--only", "setLamp", "--lan", "--uses", "5", "--out", at("chain")]);

  const unit: Trust = {
    ...trust,
    id: fromHex(ID) as Uint8Array,
    issuers: [{ kid: Uint8Array.of(7), publicKey: fromHex(keyIn("issuer.key")) as Uint8Array }],
  };
  const ask = { ...call, usageOf: () => ({ uses: 0, agesS: [] }) };
  const verdict = (chain: Uint8Array, known: Partial<Trust> = {}) => {
    const result = verifyChain(chain, ask, { ...unit, ...known });
    return result.ok ? "ok" : result.fault;
  };
  expect(verdict(chainOf(bytesIn("grant")))).toBe("ok");
  expect(verdict(bytesIn("chain"))).toBe("ok");

  const shown = json(["grant", "inspect", at("chain")]);
  expect(shown.kind).toBe("chain");
  expect(shown.content[1].cti).toBe(child.cti);
  expect(shown.content[1].caveats).toHaveLength(3);
  expect(latchkey(["inspect", at("grant")]).out).toContain("read, call, subscribe, config, delegate");

  json([
    "grant",
    "revoke",
    "--key",
    at("owner.key"),
    "--chain",
    at("grant"),
    "--for",
    ID,
    "--cti",
    child.cti,
    "--out",
    at("list"),
  ]);
  const taken = applyDelivery(bytesIn("list"), unit);
  if (!taken.ok) throw new Error(taken.fault);
  expect(verdict(bytesIn("chain"), { revocations: taken.value.revocations })).toBe("GRANT_REVOKED");
  expect(verdict(chainOf(bytesIn("grant")), { revocations: taken.value.revocations })).toBe("ok");

  const again = ["grant", "reissue", "--issuer", at("issuer.key"), "--kid", "7", "--old", at("grant")];
  const both = json([
    ...again,
    "--holder",
    keyIn("guest.key"),
    "--out",
    at("grant-2"),
    "--revocation-out",
    at("list-2"),
  ]);
  expect(Object.keys(both)).toEqual(["grant", "revocation"]);
  const lost = applyDelivery(bytesIn("list-2"), unit);
  if (!lost.ok) throw new Error(lost.fault);
  expect(verdict(chainOf(bytesIn("grant")), { revocations: lost.value.revocations })).toBe("GRANT_REVOKED");
  expect(verdict(chainOf(bytesIn("grant-2")), { revocations: lost.value.revocations })).toBe("ok");

  // null means all devices of the fleet that is named.
  const all = json([...issued.slice(0, -1), "null", "--fleet", "acme", "--holder", card.holder, "--level", "all"]);
  const free = { claimed: false, fleet: "acme" };
  expect(verdict(chainOf(fromHex(all.hex) as Uint8Array), free)).toBe("ok");
  expect(verdict(chainOf(fromHex(all.hex) as Uint8Array), { ...free, fleet: "other" })).toBe("GRANT_AUDIENCE");

  for (const [args, said] of [
    [[...issued.slice(0, -1), "null", "--holder", card.holder], "--fleet"],
    [[...narrow, "--level", "all"], "wider"],
    [["grant", "inspect", at("list")], "revocation delivery"],
  ] as const) {
    const { status, trouble } = latchkey(args);
    expect(status).toBe(1);
    expect(trouble.split("\n")).toHaveLength(1);
    expect(trouble).toContain(said);
  }
});
