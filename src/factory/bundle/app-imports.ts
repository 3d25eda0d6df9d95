/** Lets an app import what makers write apps with: `latchkey/device`, also `#app/index.ts` from outside the repository. */
import { relative, resolve } from "node:path";
import type { Plugin } from "esbuild";

export const appImports: Plugin = {
  name: "app imports",
  setup(build) {
    build.onResolve({ filter: /^latchkey\/device$/ }, () => ({ path: resolve("src/app/index.ts") }));
    build.onResolve({ filter: /^#app\// }, ({ path, importer }) =>
      relative(".", importer).startsWith("..") ? { path: resolve(path.replace("#app/", "src/app/")) } : undefined,
    );
  },
};
