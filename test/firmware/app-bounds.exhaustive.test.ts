/** An app that goes wrong at its start, on real firmware. What it does later: test/firmware/app-guard.test.ts. */
import { wildStarts } from "../apps/wild-cases.ts";

wildStarts("qemu-mps2");
