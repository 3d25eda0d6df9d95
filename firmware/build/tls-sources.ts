/** The sources of an image's TLS client: ours and mbedTLS, or a stub that refuses every connection. */
import { basename, join } from "node:path";
import { filesBelow, type Group } from "./compile.ts";
import { CORTEX_M, type Core } from "./cores.ts";
import { CALL_GRAPH, COMMON, FIRMWARE, sodiumFlags } from "./flags.ts";

/** What an image is made with besides what every one has. */
export interface Variant {
  /** The TLS client; an image without it refuses every secured connection. */
  readonly tls: boolean;
  /** Models of what the emulator lacks, for tests (`modelled` in board.json). */
  readonly modelled?: boolean;
  /** Another arena than board.json's, in bytes. */
  readonly heapBytes?: number;
}

export const PLAIN: Variant = { tls: false };

/** mbedTLS as firmware/tls/mbedtls-config.h cuts it. */
export function tlsFlags(trees: Readonly<Record<string, string>>): readonly string[] {
  const config = '-DMBEDTLS_CONFIG_FILE="tls/mbedtls-config.h"';
  // Ours also looks into the handshake, which the library keeps to itself.
  return [config, `-isystem${trees.mbedtls}/include`, `-isystem${trees.mbedtls}/library`];
}

/** The arithmetic is made for speed: a handshake is little else. */
const ARITHMETIC = ["bignum", "bignum_core", "ecp_curves"];
const PROTOCOL = [
  ...[
    "asn1parse",
    "asn1write",
    "chacha20",
    "cipher",
    "cipher_wrap",
    "constant_time",
    "ecdh",
    "ecdsa",
    "ecp",
    "md",
    "oid",
    "pk",
  ],
  ...[
    "pk_ecc",
    "pk_wrap",
    "pkparse",
    "platform",
    "platform_util",
    "ssl_ciphersuites",
    "ssl_client",
    "ssl_msg",
    "ssl_tls",
  ],
  ...["ssl_tls12_client", "x509", "x509_crt"],
];

function tlsGroup(
  trees: Readonly<Record<string, string>>,
  names: readonly string[],
  effort: "-O2" | "-Os",
  core: Core,
): Group {
  const tree = trees.mbedtls ?? "";
  return {
    sources: names.map((name) => join(tree, "library", `${name}.c`)),
    flags: [
      ...core.flags,
      ...COMMON,
      CALL_GRAPH,
      effort,
      "-w",
      `-I${FIRMWARE}`,
      ...tlsFlags(trees),
      ...sodiumFlags(trees.libsodium ?? ""),
    ],
    inputs: [basename(tree), ...filesBelow(join(FIRMWARE, "tls"), ".h")],
  };
}

/** @param ours Flags and inputs of the sources of our own. */
export function secureGroups(
  { flags, inputs }: Pick<Group, "flags" | "inputs">,
  trees: Readonly<Record<string, string>>,
  { tls }: Variant,
  core = CORTEX_M,
): readonly Group[] {
  const sources = filesBelow(join(FIRMWARE, "tls"), ".c").filter((path) => path.endsWith("absent.c") !== tls);
  if (!tls) return [{ sources, flags, inputs }];
  const ours = { sources, flags: [...flags, ...tlsFlags(trees)], inputs };
  return [ours, tlsGroup(trees, ARITHMETIC, "-O2", core), tlsGroup(trees, PROTOCOL, "-Os", core)];
}
