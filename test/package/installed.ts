/** The package as a maker gets it: packed, and installed from the tarballs into an empty folder whose path has a space and an umlaut. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Installed {
  run(program: string, ...args: readonly string[]): Ran;
  /** The command line that is installed in the folder. */
  latchkey(...args: readonly string[]): Ran;
  /** Where the tarballs are, by the package's name. */
  readonly tarballs: Readonly<Record<"latchkey" | "create-latchkey", string>>;
  /** The maker's folder. */
  readonly folder: string;
  /** The environment of its programs. */
  readonly env: NodeJS.ProcessEnv;
  close(): void;
}

/** npm without what the surrounding `npm run` set, and without the network where its cache will do. */
const ENV = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_|^INIT_CWD$/.test(name))),
  npm_config_prefer_offline: "true",
  npm_config_audit: "false",
  npm_config_fund: "false",
};

function inFolder(cwd: string): Pick<Installed, "run" | "latchkey"> {
  const run = (program: string, ...args: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(program, args, { cwd, env: ENV, encoding: "utf8" });
    return { status, stdout, stderr };
  };
  const bin = "node_modules/latchkey/bin/latchkey.mjs";
  return { run, latchkey: (...args) => run(process.execPath, bin, ...args) };
}

export function installPackage(): Installed {
  const root = mkdtempSync(join(tmpdir(), "latchkey-package-"));
  const built = join(root, "built");
  execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "-b"], { stdio: "inherit" });
  execFileSync(process.execPath, ["bin/run.mjs", "firmware/build/build-all.ts"], { stdio: ["ignore", "ignore", 2] });
  execFileSync(process.execPath, ["bin/run.mjs", "src/cli/package/build.ts", built], {
    stdio: ["ignore", "ignore", 2],
  });
  for (const name of ["latchkey", "create-latchkey"]) {
    execFileSync("npm", ["pack", "--silent", "--pack-destination", root], { cwd: join(built, name), env: ENV });
  }
  const tarballOf = (name: RegExp) => join(root, readdirSync(root).find((file) => name.test(file)) ?? "");
  const tarballs = { latchkey: tarballOf(/^latchkey-\d/), "create-latchkey": tarballOf(/^create-latchkey-\d/) };
  const folder = join(root, "mein Gewächshaus");
  mkdirSync(folder);
  writeFileSync(join(folder, "package.json"), '{ "name": "greenhouse", "private": true, "type": "module" }\n');
  const own = inFolder(folder);
  const install = own.run("npm", "install", "--silent", tarballs.latchkey, tarballs["create-latchkey"]);
  if (install.status !== 0) throw new Error(install.stderr);
  return {
    ...{ ...own, tarballs, folder, env: ENV },
    close: () => rmSync(root, { recursive: true, force: true }),
  };
}
