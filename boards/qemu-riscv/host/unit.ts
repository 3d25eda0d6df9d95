/** The emulated RISC-V unit: the same host side as the MPS2 one, told by --board which machine to start. */
import "#boards/qemu-mps2/host/unit.ts";
