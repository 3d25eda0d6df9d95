/** What a core has of Curve25519 in libsodium's place gives libsodium's numbers and answers. Built for the host: they are the core's. */
import { execFileSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { FIRMWARE, STRICT, sodiumFlags } from "#firmware/flags.ts";
import { CURVE, OWN_FIELD, REPLACED } from "#firmware/parts.ts";
import { thirdParty } from "#firmware/third-party.ts";

/** The order of the base point. */
const L = 2n ** 252n + 27742317777372353535851937790883648493n;

const folder = mkdtempSync(join(tmpdir(), "latchkey-curve-"));
/** A sum that overflows a signed number, or a place outside an array, stops the program. */
const CHECKED = [...STRICT, "-g", "-fsanitize=undefined,address", "-fno-sanitize-recover=all"];
/** Limbs are signed, their words aren't; and most of libsodium's header goes unused. */
const EXCEPT = ["-Wno-sign-conversion", "-Wno-unused-function"];

function buildProgram(name: string): string {
  const tree = thirdParty().libsodium ?? "";
  const include = [...sodiumFlags(tree), `-I${FIRMWARE}`].map((flag) =>
    flag.startsWith(`-I${tree}`) ? flag.replace("-I", "-isystem") : flag,
  );
  const sodium = (source: string, ...flags: string[]) => [join(tree, "src/libsodium", `${source}.c`), "-w", ...flags];
  const own = ["choose", "field", "halve", "verify"].map((source) => [
    join(CURVE, `${source}.c`),
    ...CHECKED,
    ...EXCEPT,
  ]);
  const sources = [
    ...[[`test/firmware/${name}.c`, ...CHECKED, ...EXCEPT], ...own],
    sodium(REPLACED, "-Dcrypto_sign_ed25519_verify_detached=libsodium_verify"),
    ...["crypto_core/ed25519/ref10/ed25519_ref10", "crypto_sign/ed25519/ref10/sign", "crypto_verify/sodium/verify"].map(
      (source) => sodium(source),
    ),
    sodium("crypto_hash/sha512/cp/hash_sha512_cp"),
    [join(FIRMWARE, "port/sodium-base.c"), "-Dreport_and_restart(cause, text)=__builtin_trap()"],
  ];
  const program = join(folder, name);
  const objects = sources.map((source, i) => {
    const object = `${program}.${i}.o`;
    execFileSync("gcc", [
      "-std=gnu11",
      "-O1",
      "-ffunction-sections",
      ...include,
      ...OWN_FIELD,
      "-c",
      ...source,
      "-o",
      object,
    ]);
    return object;
  });
  execFileSync("gcc", ["-fsanitize=undefined,address", "-Wl,--gc-sections", ...objects, "-o", program]);
  return program;
}

let verifying = "";
beforeAll(() => {
  verifying = buildProgram("verify-check");
});

test("products are libsodium's at the edges of what they may be given, and no sum overflows", () => {
  expect(execFileSync(buildProgram("field-check"), { encoding: "utf8" })).toBe("end\n");
});

test("a signature is accepted where libsodium accepts it, with points of small order in key and R too", () => {
  const [rejected = 0, accepted = 0] = execFileSync(verifying, { encoding: "utf8" }).split(" ").map(Number);
  expect(rejected).toBeGreaterThan(500);
  // All that were signed with no such point, and an eighth of the others, where these cancel out.
  expect(accepted).toBeGreaterThan(205);
});

/** Numbers below L: the smallest, the largest, near its parts, and many in between. */
function scalars(): readonly bigint[] {
  const edges = [
    0n,
    1n,
    2n,
    3n,
    L - 1n,
    L - 2n,
    L / 2n,
    L / 2n + 1n,
    L / 3n,
    L / 4n,
    2n ** 127n,
    2n ** 128n - 1n,
    2n ** 128n,
  ];
  const steps = Array.from(
    { length: 2000 },
    (_, i) => (0x9e3779b97f4a7c15f39cc0605cedc8341082276bf3a27251n * BigInt(i + 1) ** 5n) % L,
  );
  return [...edges, ...steps];
}

test("a scalar is halved: c k = d modulo 8 L, c odd, both short for nearly all", () => {
  const all = scalars();
  const input = Buffer.concat(all.map((k) => Buffer.from(k.toString(16).padStart(64, "0"), "hex").reverse()));
  const lines = execFileSync(verifying, ["halve"], { input, encoding: "utf8" }).trim().split("\n");
  let short = 0;
  for (const [i, line] of lines.entries()) {
    const [k = "", c = "", d = "", sign = ""] = line.split(" ");
    const [factor, half] = [BigInt(`0x${c}`), BigInt(`0x${d}`)];
    expect(BigInt(`0x${k}`)).toBe(all[i]);
    expect((BigInt(`0x${k}`) * factor + (sign === "-" ? half : -half)) % (8n * L), line).toBe(0n);
    expect(factor & 1n, line).toBe(1n);
    expect(factor < 2n ** 200n, line).toBe(true);
    if (factor < 2n ** 132n && half < 2n ** 132n) short++;
  }
  expect(lines).toHaveLength(all.length);
  expect(short).toBeGreaterThan(0.97 * all.length);
});
