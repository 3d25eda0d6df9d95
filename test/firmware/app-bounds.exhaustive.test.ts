/** An app that goes wrong while it runs and at its start, on real firmware. */
import { wildRun, wildStarts } from "../apps/wild-cases.ts";

for (const board of ["qemu-mps2", "qemu-sf2"]) wildRun(board);
wildStarts("qemu-mps2");
