/** Whether an app, or a package that it brings along, uses the global `fetch`: then its unit needs an image with TLS. */
import { transform } from "esbuild";

const STANDS_FOR_FETCH = "__latchkey_fetch__";

/** @param script The app and its packages in one script, names whole (appScript). */
export async function usesFetch(script: string): Promise<boolean> {
  // The bundler knows scopes: a method or a local of that name is another.
  const define = { fetch: STANDS_FOR_FETCH, "globalThis.fetch": STANDS_FOR_FETCH };
  const { code } = await transform(script, { define, treeShaking: true, logLevel: "silent" });
  return code.includes(STANDS_FOR_FETCH);
}
