/** Of a board.json, a bundle holds what the runtime reads there: its name, its network and its flash. The rest is for tools. */
import { readFileSync } from "node:fs";
import type { Plugin } from "esbuild";

export const boardData: Plugin = {
  name: "board data",
  setup(build) {
    build.onLoad({ filter: /[\\/]boards[\\/][^\\/]+[\\/]board\.json$/ }, ({ path }) => {
      const { name, network, flash } = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
      return { contents: JSON.stringify({ name, network, flash }), loader: "json" };
    });
  },
};
