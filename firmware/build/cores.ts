/** Families of processors that native images are compiled for. */

/** A family of processors, with what builds for it. */
export interface Core {
  /** Below firmware/chips/: start-up, faults, guard. */
  readonly folder: string;
  /** What the names of the compiler and its tools begin with. */
  readonly tools: string;
  readonly flags: readonly string[];
  /** More of them for cryptography. */
  readonly arithmetic: readonly string[];
  /** Whether firmware/curve25519 replaces libsodium's field arithmetic and its check of a signature: where there is no carry flag. */
  readonly ownCurve: boolean;
  /** Which C library, as the linker is told. */
  readonly library: readonly string[];
  /** Debian's packages with the compiler, its C library and an emulator. */
  readonly packages: readonly string[];
  readonly emulator: string;
}

export const CORTEX_M: Core = {
  folder: "cortex-m",
  tools: "arm-none-eabi-",
  flags: ["-mcpu=cortex-m3", "-mthumb"],
  arithmetic: [],
  ownCurve: false,
  library: ["--specs=nano.specs"],
  packages: ["gcc-arm-none-eabi", "libnewlib-arm-none-eabi", "qemu-system-arm"],
  emulator: "qemu-system-arm",
};

/** RV32 without a unit for floating point, as in the ESP32-C6. Without small data nothing needs a global pointer. */
export const RISCV: Core = {
  folder: "riscv",
  tools: "riscv64-unknown-elf-",
  flags: ["-march=rv32imac_zicsr_zifencei", "-mabi=ilp32", "--specs=picolibc.specs", "-msmall-data-limit=0"],
  // A product of two field elements fills all registers: what is reordered spills. In this order it takes 632 instructions.
  arithmetic: ["-fno-schedule-insns", "-fno-tree-ter", "-fno-tree-reassoc", "-mtune=size"],
  ownCurve: true,
  // The compiler finds its libraries by this name alone.
  library: ["-march=rv32imac"],
  packages: ["gcc-riscv64-unknown-elf", "picolibc-riscv64-unknown-elf", "qemu-system-misc"],
  emulator: "qemu-system-riscv32",
};

/** The same without atomic instructions, as in the ESP32-C3. */
export const RISCV_COMPACT: Core = {
  ...RISCV,
  flags: ["-march=rv32imc_zicsr_zifencei", ...RISCV.flags.slice(1)],
  library: ["-march=rv32imc"],
};

export const compilerOf = ({ tools }: Core): string => `${tools}gcc`;
