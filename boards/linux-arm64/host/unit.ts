/** One unit on a machine that runs programs for 64-bit Arm: as boards/linux, whose `--board` the tools set. */
import "#boards/linux/host/unit.ts";
