/** The list of what a unit's firmware is made of, as CycloneDX 1.6 in JSON (ECMA-424). */
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import type { THIRD_PARTY } from "#firmware/third-party.ts";
import { readText } from "#trust/host/files.ts";
import { CliTrouble } from "./trouble.ts";

interface Component {
  readonly type: "library" | "firmware";
  readonly "bom-ref": string;
  readonly name: string;
  readonly version?: string;
  readonly licenses: readonly ({ readonly license: { readonly id: string } } | { readonly expression: string })[];
  readonly purl?: string;
  readonly hashes?: readonly { readonly alg: "SHA-256"; readonly content: string }[];
  /** What we change in it before it is compiled. */
  readonly pedigree?: { readonly notes: string };
}

interface Sbom {
  readonly bomFormat: "CycloneDX";
  readonly specVersion: "1.6";
  readonly version: 1;
  readonly metadata: { readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

/** One SPDX identifier, or an expression of several. */
function licensesOf(license: string): Component["licenses"] {
  return /^[A-Za-z0-9.-]+$/.test(license) ? [{ license: { id: license } }] : [{ expression: license }];
}

/** The version of an installed Debian package; undefined where it isn't installed, or the system is another one. */
function installedVersion(name: string): string | undefined {
  const { status, stdout } = spawnSync("dpkg-query", ["-W", "-f", "$" + "{Version}", name], { encoding: "utf8" });
  return status === 0 && stdout !== "" ? stdout : undefined;
}

/** What images link: our pinned sources, and the compiler's own libraries. @param isTls For images with the TLS client. */
export function linkedComponents({ sources, linked }: typeof THIRD_PARTY, isTls: boolean): readonly Component[] {
  const own = Object.entries(sources)
    .filter(([name]) => isTls || name !== "mbedtls")
    .map(([name, { version, license, sha256, edits }]): Component => {
      const notes = edits.map(({ file, why }) => `${file}: ${why}`).join(" ");
      return {
        type: "library",
        "bom-ref": `firmware/${name}`,
        ...{ name, version },
        licenses: licensesOf(license),
        purl: `pkg:generic/${name}@${version}`,
        hashes: [{ alg: "SHA-256", content: sha256 }],
        ...(notes === "" ? {} : { pedigree: { notes } }),
      };
    });
  const compilers = Object.entries(linked).map(([name, { package: from, license }]): Component => {
    const version = installedVersion(from);
    const found = version === undefined ? "" : `@${encodeURIComponent(version)}`;
    return {
      type: "library",
      "bom-ref": `firmware/${name}`,
      name,
      ...(version === undefined ? {} : { version }),
      licenses: licensesOf(license),
      purl: `pkg:deb/debian/${from}${found}`,
    };
  });
  return [...own, ...compilers];
}

/**
 * The packages that a bundle holds code of: none of ours has any, but a maker's app may.
 * @param paths Sources of a bundle, from the repository's root or absolute.
 */
export function packageComponents(paths: Iterable<string>): readonly Component[] {
  const found = new Map<string, Component>();
  for (const path of paths) {
    const folder = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0];
    if (folder === undefined || found.has(folder)) continue;
    const manifest = join(folder, "package.json");
    const { name, version, license } = JSON.parse(readText(manifest)) as Record<string, unknown>;
    if (typeof name !== "string" || typeof version !== "string" || typeof license !== "string") {
      throw new CliTrouble(
        `${manifest} does not say name, version and license; choose another package for ${dirname(path)}`,
      );
    }
    found.set(folder, {
      type: "library",
      "bom-ref": `bundle/${name}@${version}`,
      ...{ name, version },
      licenses: licensesOf(license),
      purl: `pkg:npm/${name.replace("@", "%40")}@${version}`,
    });
  }
  return [...found.values()];
}

/** @param version Of this repository. */
export function sbomOf(version: string, components: readonly Component[]): Sbom {
  const ref = "latchkey";
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      component: { type: "firmware", "bom-ref": ref, name: "latchkey", version, licenses: licensesOf("Apache-2.0") },
    },
    components,
    dependencies: [
      { ref, dependsOn: components.map((each) => each["bom-ref"]) },
      ...components.map((each) => ({ ref: each["bom-ref"], dependsOn: [] })),
    ],
  };
}
