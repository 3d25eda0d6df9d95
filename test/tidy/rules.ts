/** The repository's rules as functions of one file: the rules of ARCHITECTURE that no compiler checks. */

export interface SourceFile {
  /** Path from the repository's root, with "/". */
  readonly path: string;
  readonly text: string;
}

/** Rooms that a room may import from, itself included. Whoever is not listed may import from nowhere. */
const FLOW: Readonly<Record<string, readonly string[]>> = {
  base: ["base"],
  codec: ["base", "codec"],
  wire: ["base", "codec", "wire"],
  trust: ["base", "codec", "wire", "trust"],
  device: ["base", "codec", "wire", "trust", "device"],
  app: ["base", "codec", "wire", "trust", "device", "app"],
  testing: ["base", "codec", "wire", "trust", "device", "app", "phone", "testing"],
  phone: ["base", "codec", "wire", "trust", "phone"],
  cloud: ["base", "codec", "wire", "trust", "cloud"],
  factory: ["base", "codec", "wire", "trust", "factory"],
  // A client of units, as a phone is; what it knows of the cloud it learns over HTTP.
  gateway: ["base", "codec", "wire", "trust", "phone", "gateway"],
  firmware: ["base", "codec", "wire", "firmware"],
  boards: ["base", "codec", "wire", "trust", "device", "app", "firmware", "boards"],
  web: ["base", "codec", "wire", "web"],
  cli: [
    "base",
    "codec",
    "wire",
    "trust",
    "device",
    "app",
    "phone",
    "cloud",
    "factory",
    "gateway",
    "firmware",
    "boards",
    "web",
    "cli",
  ],
};

const PURE_ROOMS = ["base", "codec", "wire", "trust", "device", "app"];
const LINES_MAX = 300;
const IMPORT = /(?:^|\n)\s*(?:import|export)\s[^;]*?from\s+"([^"]+)"|import\("([^"]+)"\)/g;
/** What differs from run to run, or isn't there on a chip. */
const IMPURE =
  /\b(Date\.now|new Date\b|Math\.random|performance\.|setTimeout|setInterval|queueMicrotask|process\.|console\.(?:log|error|warn|info)|fetch\(|Buffer\b|TextEncoder|TextDecoder|globalThis)/;

/** Ways of reading a value that take nonsense for something, as an empty text for 0 and 45 for a year. */
const AD_HOC = /\b(Number\(|parseInt\(|parseFloat\(|Date\.parse\(|InvalidArgumentError|Number\s*[,)])/;

/** Whether what stands in a file comes from the command line. Elsewhere in cli it comes from our own programs and files. */
function readsValues(path: string): boolean {
  const isOther =
    /^src\/cli\/(values|story|sim|fuzz\/(items|decoders)\.ts|air\/vectors\.ts|checked-bundle\.ts|home-control\.ts)/;
  return (path.startsWith("src/cli/") && !isOther.test(path)) || path === "src/cli/sim/sim.ts";
}

/** The room of a file, or undefined for one outside src, boards and firmware. */
function roomOf(path: string): string | undefined {
  const [top, room] = path.split("/");
  if (top === "boards" || top === "firmware") return top;
  return top === "src" ? room : undefined;
}

/** Host-side folders, and what a board's host side is: they may use packages and Node. */
function isHostSide(path: string): boolean {
  return path.includes("/host/");
}

/** Pure: runs inside the device's engine, or has to give the same answer wherever it runs. */
function isPure(path: string): boolean {
  const room = roomOf(path);
  if (room === undefined || isHostSide(path)) return false;
  return PURE_ROOMS.includes(room) || /^boards\/[^/]+\/(main|port)\.ts$/.test(path);
}

const withoutComments = (text: string) => text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|[^:"])\/\/.*$/gm, "$1");

function importsOf(text: string): string[] {
  return [...withoutComments(text).matchAll(IMPORT)].map((match) => match[1] ?? (match[2] as string));
}

/** The faults of a file, one line each; none when it is tidy. */
export function faultsOf({ path, text }: SourceFile): string[] {
  const faults: string[] = [];
  const room = roomOf(path);
  const name = path.slice(path.lastIndexOf("/") + 1);
  for (const target of importsOf(text)) {
    if (target.startsWith("#")) {
      const other = target.slice(1, target.indexOf("/"));
      // A party's HTTP interface as types alone, for the pages that talk to it.
      const isInterface = room === "web" && /^#(cloud|gateway)\/http\/interface\.ts$/.test(target);
      if (room !== undefined && !(FLOW[room] ?? []).includes(other) && !isInterface)
        faults.push(`imports ${target} against the flow`);
      if (isPure(path) && target.includes("/host/")) faults.push(`imports the host side ${target} from a pure room`);
    } else if (
      (room !== undefined && target.startsWith("../../")) ||
      (target.startsWith("../") && /^src\/[^/]+\/[^/]+$/.test(path))
    ) {
      // A benchmark is reached from the one verb that runs it; everything else goes through package imports.
      if (!(room === "cli" && target.includes("/test/bench/")))
        faults.push(`leaves its room by ${target}; use #room/file.ts`);
    } else if (!target.startsWith(".") && isPure(path)) faults.push(`imports the package ${target} in a pure room`);
  }
  const impure = isPure(path) ? IMPURE.exec(withoutComments(text)) : null;
  // The one way by which a board hands its native functions to the bundle, and the globals that apps are given.
  const isGiver =
    impure?.[1] === "globalThis" ? /^boards\/[^/]+\/port\.ts$/ : /^src\/(app\/globals\.d|device\/app-globals)\.ts$/;
  if (impure !== null && !isGiver.test(path)) {
    faults.push(`uses ${impure[1]} in a pure room`);
  }
  const adHoc = readsValues(path) ? AD_HOC.exec(withoutComments(text)) : null;
  if (adHoc !== null) faults.push(`reads a value by ${adHoc[0].trim()}; use a reader of src/cli/values`);
  const lines = text.split("\n").length - 1;
  if (lines > LINES_MAX && !/long because/i.test(text.slice(0, 600)))
    faults.push(`has ${lines} lines and no written reason`);
  if (!/^[a-z0-9]+([.-][a-z0-9]+)*\.(tsx?|mjs|c|h)$/.test(name)) faults.push("is not named in kebab-case");
  // What the package exports as latchkey/device and latchkey/testing.
  if (/^(utils?|helpers?|common|misc|index)\.ts$/.test(name) && !/^src\/(app|testing)\/index\.ts$/.test(path))
    faults.push("has a name that says nothing");
  if (/^export default\b/m.test(text) && !/config\.ts$|^\.|\.mjs$/.test(name)) faults.push("has a default export");
  if (/(^|\n)\s*(export\s+)?(const\s+)?enum\s/.test(withoutComments(text)) && name.endsWith(".ts"))
    faults.push("declares an enum");
  if (/^\s*(test|it|describe)\.(only|skip|todo)\b/m.test(text) && name.endsWith(".test.ts")) faults.push("skips tests");
  return faults;
}
