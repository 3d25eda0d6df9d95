/** What the images of all boards are made of, and what a build gives. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { filesBelow, type Group } from "./compile.ts";
import { CORTEX_M, type Core } from "./cores.ts";
import { CALL_GRAPH, COMMON, FIRMWARE, sodiumFlags } from "./flags.ts";

export interface Image {
  readonly elf: string;
  /** What is flashed: everything that the image needs in flash, from its first address on. */
  readonly binary: string;
  /** Bytes in flash: code, constants and initial data. */
  readonly textBytes: number;
  /** Bytes of RAM: data, bss, heap arena and stack. */
  readonly ramBytes: number;
  readonly compiled: number;
  /** What it was linked from. */
  readonly objects: readonly string[];
}

/** Our part of the engine, which quickjs.c includes. */
export const ENGINE_PARTS = ["code.h", "code.inc", "write.inc"].map((name) => join(FIRMWARE, "engine", name));

/** The engine as chips have it. */
export function engineGroup(tree: string, core = CORTEX_M): Group {
  return {
    sources: ["quickjs", "libregexp", "libunicode", "cutils", "dtoa"].map((name) => join(tree, `${name}.c`)),
    flags: [
      ...core.flags,
      ...COMMON,
      "-Os",
      "-w",
      "-D_GNU_SOURCE",
      '-DCONFIG_VERSION="2025-04-26"',
      "-D__TM_GMTOFF=tm_gmtoff",
      `-I${FIRMWARE}`,
      `-I${tree}`,
      "-include",
      "malloc.h",
    ],
    inputs: [basename(tree), ...ENGINE_PARTS],
  };
}

/** What of lwIP is used: IPv4 over one Ethernet interface. */
export function networkSources(tree: string): readonly string[] {
  const src = join(tree, "src");
  const core = ["def", "dns", "inet_chksum", "init", "ip", "mem", "memp", "netif", "pbuf", "tcp", "tcp_in", "tcp_out"];
  return [
    ...[...core, "timeouts", "udp"].map((name) => join(src, "core", `${name}.c`)),
    ...["dhcp", "etharp", "icmp", "igmp", "ip4", "ip4_addr"].map((name) => join(src, "core/ipv4", `${name}.c`)),
    join(src, "netif/ethernet.c"),
  ];
}

/** What both images need of libsodium: hashes, and signatures checked. */
export const VERIFYING = [
  "crypto_core/ed25519/ref10/ed25519_ref10",
  "crypto_sign/ed25519/ref10/open",
  "crypto_sign/ed25519/ref10/sign",
  "crypto_hash/sha256/cp/hash_sha256_cp",
  "crypto_hash/sha512/cp/hash_sha512_cp",
  "crypto_verify/sodium/verify",
];
export const SEALING = [
  "crypto_sign/ed25519/ref10/keypair",
  "crypto_scalarmult/curve25519/ref10/x25519_ref10",
  "crypto_aead/chacha20poly1305/sodium/aead_chacha20poly1305",
  "crypto_stream/chacha20/stream_chacha20",
  "crypto_stream/chacha20/ref/chacha20_ref",
  "crypto_onetimeauth/poly1305/onetimeauth_poly1305",
  "crypto_onetimeauth/poly1305/donna/poly1305_donna",
  "crypto_shorthash/siphash24/ref/shorthash_siphashx24_ref",
];

/** Curve25519 in libsodium's place. */
export const CURVE = join(FIRMWARE, "curve25519");
/** Makes libsodium's sources call it. */
export const OWN_FIELD = ["-include", join(CURVE, "field.h")];
/** Instead of which of its sources. */
export const REPLACED = "crypto_sign/ed25519/ref10/open";

/** Sources of libsodium for a core, and ours in their place. */
export function cryptoGroup(tree: string, names: readonly string[], core: Core): Group {
  const theirs = (kept: readonly string[]) => kept.map((name) => join(tree, "src/libsodium", `${name}.c`));
  const flags = [...core.flags, ...COMMON, CALL_GRAPH, "-O2", ...core.arithmetic, "-w"];
  if (!core.ownCurve)
    return { sources: theirs(names), flags: [...flags, ...sodiumFlags(tree)], inputs: [basename(tree)] };
  return {
    sources: [...theirs(names.filter((name) => name !== REPLACED)), ...filesBelow(CURVE, ".c")],
    flags: [...flags, ...sodiumFlags(tree), ...OWN_FIELD],
    inputs: [basename(tree), ...filesBelow(CURVE, ".h")],
  };
}

/** Tells engines apart whose bytecode may differ: by their sources with our edits, and how they are compiled. */
export function engineBuild(tree: string, core = CORTEX_M): string {
  const { flags, inputs } = engineGroup(tree, core);
  const parts = ENGINE_PARTS.map((path) => readFileSync(path, "utf8"));
  const digest = createHash("sha256")
    .update(
      JSON.stringify([flags.filter((flag) => !flag.startsWith("-I")), inputs.map((path) => basename(path)), parts]),
    )
    .digest("hex");
  return `-DENGINE_BUILD=0x${digest.slice(0, 8)}u`;
}
