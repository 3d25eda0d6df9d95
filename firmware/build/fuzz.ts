/**
 * Builds the parsers of the firmware for this machine under the address and undefined-behaviour sanitizers, each with
 * libFuzzer's loop around it (firmware/fuzz), and runs them.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { BuildStop } from "./build-stop.ts";
import { compile, filesBelow, type Group } from "./compile.ts";
import { FIRMWARE, STRICT, sodiumFlags } from "./flags.ts";
import { type Edited, editedGroup } from "./image.ts";
import { ROOT } from "./layout.ts";
import { VERIFYING } from "./parts.ts";
import { thirdParty } from "./third-party.ts";
import { tlsFlags } from "./tls-sources.ts";

const CLANG = "clang";
const OUTPUT = join(ROOT, ".cache/firmware/fuzz");
const CORPUS = join(ROOT, "test/vectors/c-parsers");

interface Target {
  /** Sources below firmware/ besides the target's own and the bed. */
  readonly sources: readonly string[];
  /** Sources of libsodium. */
  readonly sodium?: readonly string[];
  readonly usesEngine?: boolean;
  readonly usesTls?: boolean;
  readonly usesNetwork?: boolean;
  /** The longest input. */
  readonly bytesMax: number;
}

const NETWORK = [
  ...[
    "def",
    "dns",
    "inet_chksum",
    "init",
    "ip",
    "mem",
    "memp",
    "netif",
    "pbuf",
    "tcp",
    "tcp_in",
    "tcp_out",
    "timeouts",
  ],
  ...["udp", "ipv4/dhcp", "ipv4/etharp", "ipv4/icmp", "ipv4/igmp", "ipv4/ip4", "ipv4/ip4_addr", "../netif/ethernet"],
];
const SHA256 = ["crypto_hash/sha256/cp/hash_sha256_cp"];
const SHA512 = ["crypto_hash/sha512/cp/hash_sha512_cp"];
const SIGNED = ["boot/cbor", "boot/signed", "fuzz/any-signature"];

/** The parsers, by the name of their file below firmware/fuzz. */
const TARGETS: Readonly<Record<string, Target>> = {
  cbor: { sources: ["boot/cbor"], bytesMax: 256 },
  journal: { sources: ["boot/journal", "boot/record-log"], bytesMax: 1024 },
  settings: {
    sources: ["boot/settings", "boot/record-log", "main/unit-key", "port/sodium-base"],
    sodium: SHA512,
    bytesMax: 2048,
  },
  signed: { sources: [...SIGNED, "port/sodium-base"], sodium: SHA256, bytesMax: 2048 },
  slot: { sources: [...SIGNED, "boot/slot", "port/sodium-base"], sodium: SHA256, bytesMax: 2048 },
  recover: {
    sources: [
      ...[...SIGNED, "boot/slot", "boot/recover", "boot/journal", "boot/record-log"],
      ...["port/frame", "port/sodium-base"],
    ],
    sodium: SHA256,
    bytesMax: 4096,
  },
  frame: { sources: ["port/frame"], bytesMax: 1024 },
  bundle: { sources: ["main/bundle"], bytesMax: 1024 },
  code: {
    sources: ["main/code", "main/unit-key", "boot/record-log"],
    usesEngine: true,
    sodium: [...SHA512, "crypto_shorthash/siphash24/ref/shorthash_siphashx24_ref"],
    bytesMax: 2048,
  },
  radio: { sources: ["port/radio", "port/frame", "port/js"], usesEngine: true, bytesMax: 1024 },
  dns: { sources: ["port/dns"], usesNetwork: true, bytesMax: 512 },
  dot11: { sources: ["chips/linux/dot11", "chips/data-frame"], bytesMax: 256 },
  dhcp: { sources: ["chips/dhcp-server"], bytesMax: 600 },
  names: { sources: ["chips/dns-server"], bytesMax: 512 },
  certificates: {
    sources: ["tls/pinned", "tls/validity", "tls/alt", "port/sodium-base"],
    usesTls: true,
    bytesMax: 2048,
  },
};

export const C_PARSERS: readonly string[] = Object.keys(TARGETS);

/** A flash of 96 KB: large enough for a record of the greatest length, small enough to be erased for every input. */
const REGIONS = ["nativeA", "nativeB", "jsA", "jsB", "codeA", "codeB"];
const definitions = [
  ...[..."JOURNAL SETTINGS ENTROPY".split(" ")].flatMap((name, i) => [
    `-DREGION_${name}_START=${i * 8192}u`,
    `-DREGION_${name}_BYTES=8192u`,
  ]),
  ...REGIONS.flatMap((name, i) => [
    `-DREGION_${name.toUpperCase()}_START=${24_576 + i * 12_288}u`,
    `-DREGION_${name.toUpperCase()}_BYTES=12288u`,
  ]),
  ...["-DHEAP_BYTES=32768u", "-DFLASH_WRITE_BYTES=1u", "-DENGINE_BUILD=1u", "-DCPU_HZ=1000000u"],
];

const SANITIZED = ["-g", "-O1", "-fsanitize=fuzzer-no-link,address,undefined", "-fno-sanitize-recover=all"];
const COMMON = [
  ...["-std=gnu11", "-fno-strict-aliasing", "-fno-omit-frame-pointer"],
  ...["-ffunction-sections", "-fdata-sections"],
];

const isolated = (flags: readonly string[]) => flags.map((flag) => flag.replace(/^-I(?=\/.*libsodium)/, "-isystem"));

/** The line that installs the fuzzer, or undefined when it is there. */
function missingFuzzer(): string | undefined {
  const probe = ["-fsanitize=fuzzer,address", "-x", "c", "-", "-o", "/dev/null"];
  const program = "#include <stddef.h>\nint LLVMFuzzerTestOneInput(const char *b, size_t n) { return b == 0 && n; }\n";
  if (spawnSync(CLANG, probe, { input: program }).status === 0) return undefined;
  return "apt-get install -y --no-install-recommends clang libclang-rt-14-dev";
}

/**
 * Builds a parser's fuzzer. @param edited Some of our sources made others, for a fuzzer under another name.
 * @throws BuildStop without clang and its sanitizers, or when something doesn't compile.
 */
export async function buildFuzzer(name: string, edited?: Edited): Promise<string> {
  const target = TARGETS[name];
  if (target === undefined) throw new BuildStop(`no parser is called ${name}; there are ${C_PARSERS.join(", ")}`);
  const install = missingFuzzer();
  if (install !== undefined) throw new BuildStop(`fuzzing needs clang with libFuzzer; run: ${install}`);
  const trees = thirdParty();
  const sodium = isolated(sodiumFlags(trees.libsodium ?? ""));
  const tls = target.usesTls ? tlsFlags(trees) : [];
  const ours: Group = {
    sources: [`fuzz/${name}`, "fuzz/bed", "main/report", "port/crc32", ...target.sources].map((each) =>
      join(FIRMWARE, `${each}.c`),
    ),
    flags: [
      ...[...COMMON, ...SANITIZED, ...STRICT, "-Wno-initializer-overrides", `-I${FIRMWARE}`, ...definitions],
      ...[
        `-I${FIRMWARE}/port/lwip`,
        `-isystem${trees.lwip}/src/include`,
        `-isystem${trees.quickjs}`,
        ...sodium,
        ...tls,
      ],
    ],
    inputs: filesBelow(FIRMWARE, ".h"),
  };
  const theirs = (tree: string, files: readonly string[], flags: readonly string[]): Group => ({
    sources: files.map((file) => join(tree, `${file}.c`)),
    flags: [...COMMON, "-O2", "-w", ...flags],
    inputs: [basename(tree)],
  });
  const groups = [
    ...(edited === undefined ? [ours] : editedGroup(ours, join(OUTPUT, edited.as), edited)),
    theirs(join(trees.libsodium ?? "", "src/libsodium"), target.sodium ?? [], sodiumFlags(trees.libsodium ?? "")),
  ];
  if (target.usesEngine) {
    const flags = ["-D_GNU_SOURCE", '-DCONFIG_VERSION="2025-04-26"', `-I${FIRMWARE}`, `-I${trees.quickjs}`];
    groups.push(theirs(trees.quickjs ?? "", ["quickjs", "libregexp", "libunicode", "cutils", "dtoa"], flags));
  }
  if (target.usesNetwork) {
    // Its memory is laid out for a processor of 32 bits.
    const flags = [
      ...SANITIZED,
      "-fno-sanitize=alignment",
      `-I${FIRMWARE}`,
      `-I${FIRMWARE}/port/lwip`,
      `-I${trees.lwip}/src/include`,
    ];
    groups.push(theirs(join(trees.lwip ?? "", "src/core"), NETWORK, flags));
  }
  if (target.usesTls) groups.push(...tlsGroups(trees));
  const { objects } = await compile(groups, CLANG);
  mkdirSync(OUTPUT, { recursive: true });
  const path = join(OUTPUT, `${edited?.as ?? name}.fuzzer`);
  const draft = `${path}.${process.pid}`;
  const run = spawnSync(CLANG, [
    "-fsanitize=fuzzer,address,undefined",
    "-Wl,--gc-sections",
    ...objects,
    "-lm",
    "-o",
    draft,
  ]);
  if (run.status !== 0) throw new BuildStop(`the fuzzer of ${name} does not link:\n${run.stderr}`);
  renameSync(draft, path);
  return path;
}

export interface FuzzLimits {
  /** Inputs, or seconds; both when both are given. */
  readonly runs?: number;
  readonly seconds?: number;
  readonly seed?: number;
}

interface FuzzOutcome {
  /** Inputs that were tried. */
  readonly runs: number;
  /** Edges of the control flow that they reached. */
  readonly edges: number;
  /** What was found, as the sanitizer says it, and the input that shows it as hexadecimal; undefined when nothing was. */
  readonly finding: string | undefined;
}

/** Runs a parser's fuzzer over its corpus and what it makes of it. */
export async function runFuzzer(path: string, name: string, limits: FuzzLimits): Promise<FuzzOutcome> {
  const { runs = limits.seconds === undefined ? 10_000 : -1, seconds = 0, seed = 1 } = limits;
  // libFuzzer writes inputs that reach new code into the first folder. Only a run by time goes on from them the next time.
  const isKept = limits.seconds !== undefined;
  const reached = isKept ? join(OUTPUT, "reached", name) : mkdtempSync(join(tmpdir(), "latchkey-fuzz-"));
  mkdirSync(reached, { recursive: true });
  const args = [
    ...[`-runs=${runs}`, `-max_total_time=${seconds}`, `-seed=${seed}`, `-max_len=${TARGETS[name]?.bytesMax}`],
    ...["-timeout=20", "-rss_limit_mb=2048", "-print_final_stats=1", `-artifact_prefix=${OUTPUT}/found-${name}-`],
    ...[reached, join(CORPUS, name)].filter((folder) => existsSync(folder)),
  ];
  const child = spawn("nice", [path, ...args], {
    stdio: ["ignore", "ignore", "pipe"],
    // What a run leaves behind after a restart is freed by the bed.
    env: { ...process.env, ASAN_OPTIONS: "detect_leaks=0", UBSAN_OPTIONS: "print_stacktrace=1" },
  });
  let words = "";
  child.stderr.on("data", (chunk) => {
    words += chunk;
    if (words.length > 1 << 20) words = words.slice(-(1 << 19));
  });
  const code = await new Promise<number | null>((done, fail) => {
    child.on("error", fail);
    child.on("close", done);
  });
  if (!isKept) rmSync(reached, { recursive: true, force: true });
  const number = (pattern: RegExp) => Number([...words.matchAll(pattern)].at(-1)?.[1] ?? 0);
  const outcome = { runs: number(/stat::number_of_executed_units:\s*(\d+)/g), edges: number(/cov: (\d+)/g) };
  if (code === 0) return { ...outcome, finding: undefined };
  const what = /(ERROR: .*|.*runtime error: .*)/.exec(words)?.[1] ?? words.slice(-2000);
  const input = /Test unit written to (\S+)/.exec(words)?.[1] ?? "no input was written";
  const frames = [...words.matchAll(/#\d+ \S+ in (\w+) \S*?(firmware\/\S+)/g)].slice(0, 4);
  const trace = frames.map(([, call, place]) => `${call} ${place}`).join(", ");
  return { ...outcome, finding: `${what.trim()} (${trace}); the input: ${input}` };
}

/** The committed inputs of a parser. */
export const seedsOf = (name: string): readonly string[] =>
  existsSync(join(CORPUS, name)) ? readdirSync(join(CORPUS, name)) : [];

/** mbedTLS as the units have it, as far as reading a certificate needs it. */
function tlsGroups(trees: Readonly<Record<string, string>>): readonly Group[] {
  const tree = trees.mbedtls ?? "";
  const names = [
    "asn1parse",
    "bignum",
    "bignum_core",
    "constant_time",
    "ecp",
    "ecp_curves",
    "ecdsa",
    "md",
    "oid",
    "pk",
  ];
  const more = ["asn1write", "pk_ecc", "pk_wrap", "pkparse", "platform", "platform_util", "x509", "x509_crt"];
  const flags = [...SANITIZED, "-w", `-I${FIRMWARE}`, ...tlsFlags(trees), ...sodiumFlags(trees.libsodium ?? "")];
  const library: Group = {
    sources: [...names, ...more].map((name) => join(tree, "library", `${name}.c`)),
    flags: [...COMMON, ...flags],
    inputs: [basename(tree), ...filesBelow(join(FIRMWARE, "tls"), ".h")],
  };
  const sodium: Group = {
    sources: [
      ...VERIFYING.filter((name) => name.includes("sha256")),
      "crypto_aead/chacha20poly1305/sodium/aead_chacha20poly1305",
      "crypto_stream/chacha20/stream_chacha20",
      "crypto_stream/chacha20/ref/chacha20_ref",
      "crypto_onetimeauth/poly1305/onetimeauth_poly1305",
      "crypto_onetimeauth/poly1305/donna/poly1305_donna",
      "crypto_verify/sodium/verify",
    ].map((name) => join(trees.libsodium ?? "", "src/libsodium", `${name}.c`)),
    flags: [...COMMON, "-O2", "-w", ...sodiumFlags(trees.libsodium ?? "")],
    inputs: [basename(trees.libsodium ?? "")],
  };
  return [library, sodium];
}
