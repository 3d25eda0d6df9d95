/** The repository's rules hold for every file, and each rule catches a planted violation. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { faultsOf } from "./tidy/rules.ts";

/** What git tracks or would track, of our own code. */
function ourFiles(): string[] {
  const listed = execFileSync("git", [
    "ls-files",
    "-co",
    "--exclude-standard",
    "src",
    "boards",
    "test",
    "firmware",
    "bin",
  ]);
  return listed
    .toString()
    .split("\n")
    .filter((path) => /\.(tsx?|mjs|c|h)$/.test(path));
}

test("every file keeps the repository's rules", () => {
  const untidy = ourFiles().flatMap((path) => {
    let text: string;
    try {
      text = readFileSync(path, "utf8");
    } catch {
      return [];
    }
    return faultsOf({ path, text }).map((fault) => `${path} ${fault}`);
  });
  expect(untidy).toEqual([]);
});

const PLANTED: readonly (readonly [path: string, text: string, fault: RegExp])[] = [
  ["src/base/a.ts", 'import { x } from "#codec/cbor.ts";\n', /against the flow/],
  ["src/phone/a.ts", 'import { x } from "#cloud/store/store.ts";\n', /against the flow/],
  ["src/gateway/a.ts", 'import { x } from "#cloud/store/store.ts";\n', /against the flow/],
  ["src/phone/a.ts", 'import { x } from "#gateway/gateway.ts";\n', /against the flow/],
  ["src/cloud/a.ts", 'const x = await import("#device/ota/ota.ts");\n', /against the flow/],
  ["src/wire/a.ts", 'import type { T } from "#trust/primitives.ts";\n', /against the flow/],
  ["src/web/ui/a.tsx", 'import { x } from "#phone/call.ts";\n', /against the flow/],
  ["src/web/console/a.tsx", 'import type { Cloud } from "#cloud/cloud.ts";\n', /against the flow/],
  ["src/device/a.ts", 'import { x } from "#boards/sim/port.ts";\n', /against the flow/],
  ["src/cli/a.ts", 'import { x } from "../phone/call.ts";\n', /leaves its room/],
  ["boards/sim/host/a.ts", 'import { x } from "../../../src/base/bytes.ts";\n', /leaves its room/],
  ["src/trust/a.ts", 'import nacl from "tweetnacl";\n', /package tweetnacl in a pure room/],
  ["src/codec/a.ts", 'import { x } from "node:crypto";\n', /package node:crypto in a pure room/],
  ["boards/sim/main.ts", 'import { x } from "node:fs";\n', /package node:fs in a pure room/],
  ["src/device/a.ts", 'import { p } from "#trust/host/node-primitives.ts";\n', /host side/],
  ["src/device/a.ts", "const t = Date.now();\n", /uses Date\.now/],
  ["src/trust/a.ts", "const r = Math.random();\n", /uses Math\.random/],
  ["src/app/a.ts", "setTimeout(f, 1);\n", /uses setTimeout/],
  ["src/cli/a.ts", "const port = Number(text);\n", /reads a value by Number\(/],
  ["src/cli/phone/a.ts", 'command.option("--lat <degrees>", "latitude", Number);\n', /reads a value by Number/],
  ["src/cli/sim/sim.ts", "const at = Date.parse(text);\n", /reads a value by Date\.parse/],
  ["src/base/a.ts", "\n".repeat(301), /301 lines/],
  ["src/base/camelCase.ts", "", /kebab-case/],
  ["src/base/utils.ts", "", /says nothing/],
  ["src/base/index.ts", "", /says nothing/],
  ["src/base/a.ts", "export default 1;\n", /default export/],
  ["src/base/a.ts", "export const enum E { A }\n", /enum/],
  ["test/a.test.ts", "test.skip('x', f);\n", /skips/],
];

test.each(PLANTED.map((planted, i) => [i, ...planted] as const))(
  "violation %i, in %s, is caught",
  (_, path, text, fault) => {
    expect(faultsOf({ path, text }).join()).toMatch(fault);
  },
);

test("what the rules allow is not caught", () => {
  const allowed = [
    [
      "src/device/a.ts",
      '// Date.now() would differ\nimport { x } from "#wire/grants/grant.ts";\nimport { y } from "./port.ts";\n',
    ],
    ["src/trust/host/a.ts", 'import { x } from "node:crypto";\nimport type { P } from "../primitives.ts";\n'],
    ["src/phone/transports/a.ts", 'import dgram from "node:dgram";\nimport type { T } from "../transport.ts";\n'],
    ["boards/sim/port.ts", "export const port = globalThis;\n"],
    ["src/base/a.ts", `/** Long because a table stands in it. */${"\n".repeat(400)}`],
  ] as const;
  for (const [path, text] of allowed) expect(faultsOf({ path, text })).toEqual([]);
});

test("no module imports itself in a circle", () => {
  const cruise = () =>
    execFileSync("npx", ["depcruise", "--config", ".dependency-cruiser.mjs", "src", "boards", "test/bench"], {
      stdio: "pipe",
    });
  expect(cruise().toString()).toMatch(/no dependency violations found/);
});
