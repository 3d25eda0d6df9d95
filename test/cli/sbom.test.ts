/** `latchkey firmware sbom`: CycloneDX 1.6 with every library that images link and every package that a bundle holds. */
import { Ajv } from "ajv";
import { expect, it } from "vitest";
import { linkedComponents, packageComponents, sbomOf } from "#cli/sbom.ts";
import { THIRD_PARTY } from "#firmware/third-party.ts";

/** What the schema of CycloneDX 1.6 requires of the parts that we write (bom-1.6.schema.json). */
const SCHEMA = {
  type: "object",
  required: ["bomFormat", "specVersion"],
  additionalProperties: false,
  properties: {
    bomFormat: { enum: ["CycloneDX"] },
    specVersion: { enum: ["1.6"] },
    version: { type: "integer", minimum: 1 },
    metadata: {
      type: "object",
      required: ["component"],
      properties: { component: { $ref: "#/$defs/component" } },
      additionalProperties: false,
    },
    components: { type: "array", uniqueItems: true, items: { $ref: "#/$defs/component" } },
    dependencies: {
      type: "array",
      uniqueItems: true,
      items: {
        type: "object",
        required: ["ref"],
        additionalProperties: false,
        properties: {
          ref: { type: "string", minLength: 1 },
          dependsOn: { type: "array", uniqueItems: true, items: { type: "string", minLength: 1 } },
        },
      },
    },
  },
  $defs: {
    component: {
      type: "object",
      required: ["type", "name"],
      additionalProperties: false,
      properties: {
        type: {
          enum: [
            "application",
            "framework",
            "library",
            "container",
            "platform",
            "operating-system",
            "device",
            "device-driver",
            "firmware",
            "file",
            "machine-learning-model",
            "data",
            "cryptographic-asset",
          ],
        },
        "bom-ref": { type: "string", minLength: 1 },
        name: { type: "string" },
        version: { type: "string", maxLength: 1024 },
        licenses: {
          oneOf: [
            {
              type: "array",
              items: {
                type: "object",
                required: ["license"],
                additionalProperties: false,
                properties: {
                  license: {
                    type: "object",
                    required: ["id"],
                    properties: { id: { type: "string" } },
                    additionalProperties: false,
                  },
                },
              },
            },
            {
              type: "array",
              minItems: 1,
              maxItems: 1,
              items: {
                type: "object",
                required: ["expression"],
                additionalProperties: false,
                properties: { expression: { type: "string" } },
              },
            },
          ],
        },
        purl: { type: "string", pattern: "^pkg:[a-z]+/.+" },
        hashes: {
          type: "array",
          items: {
            type: "object",
            required: ["alg", "content"],
            additionalProperties: false,
            properties: { alg: { enum: ["SHA-256"] }, content: { type: "string", pattern: "^[a-fA-F0-9]{64}$" } },
          },
        },
        pedigree: { type: "object", additionalProperties: false, properties: { notes: { type: "string" } } },
      },
    },
  },
};

const APP_PATHS = ["test/apps/lamp.ts", "node_modules/@noble/hashes/sha2.js", "node_modules/@noble/hashes/utils.js"];

it("has the shape that CycloneDX 1.6 requires", () => {
  const bom = sbomOf("1.2.3", [...linkedComponents(THIRD_PARTY, true), ...packageComponents(APP_PATHS)]);
  const validate = new Ajv({ strict: false }).compile(SCHEMA);
  expect([validate(bom), validate.errors]).toEqual([true, null]);
  expect(validate({ ...bom, components: [{ name: "no type" }] })).toBe(false);
  const refs = [bom.metadata.component, ...bom.components].map((each) => each["bom-ref"]);
  expect(new Set(refs).size).toBe(refs.length);
  expect(bom.dependencies.map(({ ref }) => ref)).toEqual(refs);
});

it("lists every pinned source with its version, checksum, licence and our changes, and TLS only where it is linked", () => {
  const all = linkedComponents(THIRD_PARTY, true);
  for (const [name, { version, license, sha256, edits }] of Object.entries(THIRD_PARTY.sources)) {
    const found = all.find((each) => each.name === name);
    expect(found).toMatchObject({ version, hashes: [{ content: sha256 }], licenses: [{ license: { id: license } }] });
    for (const { why } of edits) expect(found?.pedigree?.notes).toContain(why);
  }
  expect(all.map(({ name }) => name)).toEqual(expect.arrayContaining(["newlib", "libgcc"]));
  expect(linkedComponents(THIRD_PARTY, false).map(({ name }) => name)).not.toContain("mbedtls");
});

it("names the packages that an app brings into the bundle, once each", () => {
  expect(packageComponents(APP_PATHS)).toEqual([
    expect.objectContaining({
      name: "@noble/hashes",
      purl: expect.stringMatching(/^pkg:npm\/%40noble\/hashes@\d/),
      licenses: [{ license: { id: "MIT" } }],
    }),
  ]);
  expect(packageComponents(["src/device/core.ts"])).toEqual([]);
});
