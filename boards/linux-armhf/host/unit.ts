/** One unit on a machine that runs programs for ARMv7: as boards/linux, whose `--board` the tools set. */
import "#boards/linux/host/unit.ts";
