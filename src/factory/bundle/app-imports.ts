/** Lets an app that lies outside the repository import what makers write apps with: `#app/define-device.ts` and the like. */
import { relative, resolve } from "node:path";
import type { Plugin } from "esbuild";

export const appImports: Plugin = {
  name: "app imports",
  setup(build) {
    build.onResolve({ filter: /^#app\// }, ({ path, importer }) =>
      relative(".", importer).startsWith("..") ? { path: resolve(path.replace("#app/", "src/app/")) } : undefined,
    );
  },
};
