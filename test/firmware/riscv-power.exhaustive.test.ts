/** As riscv.exhaustive.test.ts: what must hold when power fails, or when flash was changed. */
import { onlyOnBoard } from "../tier.ts";

onlyOnBoard("qemu-riscv");

await import("./compiled.test.ts");
await import("./exact-cut.test.ts");
await import("./power-cut.test.ts");
await import("./recovery.test.ts");
