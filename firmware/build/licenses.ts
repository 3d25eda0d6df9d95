/** The licences of what native images link, whole, as they ask for. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./layout.ts";
import { thirdParty } from "./third-party.ts";

/** By the names of the sources: brought along by the published package, or out of the sources themselves. @throws BuildStop */
export function licenseTexts(): ReadonlyMap<string, string> {
  const brought = join(ROOT, "licenses");
  if (existsSync(brought)) {
    return new Map(
      readdirSync(brought).map((file) => [file.replace(/\.txt$/, ""), readFileSync(join(brought, file), "utf8")]),
    );
  }
  return new Map(
    Object.entries(thirdParty()).map(([name, tree]) => {
      const path = ["LICENSE", "COPYING", "LICENSE.md"].map((file) => join(tree, file)).find(existsSync);
      if (path === undefined) throw new Error(`${tree} has no licence`);
      return [name, readFileSync(path, "utf8")];
    }),
  );
}
