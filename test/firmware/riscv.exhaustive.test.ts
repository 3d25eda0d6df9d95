/**
 * What native firmware must hold to, compiled for RV32 and run on the emulated core: the same tests as on the Arm boards, and nothing
 * of the sources is another (ADR 0169).
 */
import { onlyOnBoard } from "../tier.ts";

onlyOnBoard("qemu-riscv");

await import("./boot.test.ts");
await import("./port-contract.test.ts");
await import("./verify.test.ts");
await import("./stack-guard.test.ts");
await import("./clock-wrap.test.ts");
await import("./full-ring.test.ts");
await import("./engine.test.ts");
await import("./app-guard.test.ts");
await import("./journey.test.ts");
