/** One emulated unit: QEMU on a flash file, with its console, its radio line and QEMU's own control as streams. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { THERMOMETER } from "./io-commands.ts";
import { openQmp, type Qmp } from "./qmp.ts";

export interface EmulatorOptions {
  readonly board: string;
  readonly flashPath: string;
  /** The boot stage's ELF file. */
  readonly kernel: string;
  /** Counts instructions: 8 ns of the unit's time are one. Slower, and the same every time. */
  readonly isCounting?: boolean;
  /** A port of this machine from which frames come onto the unit's wire, each after its length in four bytes. */
  readonly wirePort?: number | undefined;
  /** A port of this machine that takes the place of QEMU's own network: all frames, each after its length in four bytes. */
  readonly networkPort?: number | undefined;
  /** Further arguments for QEMU. */
  readonly more?: readonly string[];
}

export interface Emulator {
  readonly process: ChildProcess;
  readonly qmp: Qmp;
  /** The unit's end of the radio line; the air is joined to it by whoever started the unit. */
  readonly radio: Socket;
  readonly exited: Promise<number | null>;
  /** Adds a way in: connections to this address and port of the host reach the same port of the unit. */
  forward(protocol: "tcp" | "udp", address: string, port: number): Promise<void>;
  /** Ends it at once, as a power cut does. */
  cut(): Promise<void>;
}

/** A machine, and what it is told of its flash, its radio line (chardev `radio`), its network (netdev `net0`) and its boot stage. */
interface Machine {
  readonly program: string;
  arguments(paths: { readonly flash: string; readonly kernel: string; readonly network: string }): readonly string[];
}

/** Boards whose machine has a second serial line and a network of its own. */
function armMachine(flashOf: (path: string) => readonly string[]): Machine {
  return {
    program: "qemu-system-arm",
    arguments: ({ flash, kernel, network }) => [
      ...flashOf(flash),
      ...["-serial", "chardev:radio", "-nic", network, "-kernel", kernel],
    ],
  };
}

const nvFile = (path: string) => ["-object", `memory-backend-file,id=nv,size=16M,mem-path=${path},share=on`];

/** Without the extensions that no board of ours has. */
const RV32IMAC = "rv32,f=false,d=false,zba=false,zbb=false,zbc=false,zbs=false";

const MACHINES: Readonly<Record<string, Machine>> = {
  "qemu-mps2": armMachine((path) => ["-M", "mps2-an385,memory-backend=nv", ...nvFile(path), ...THERMOMETER]),
  "qemu-sf2": armMachine((path) => ["-M", "emcraft-sf2", "-drive", `if=mtd,format=raw,file=${path}`]),
  "qemu-riscv": {
    program: "qemu-system-riscv32",
    arguments: ({ flash, kernel, network }) => [
      ...["-M", "virt", "-cpu", RV32IMAC, "-m", "32M", "-bios", "none"],
      ...["-device", `loader,file=${kernel},cpu-num=0`],
      ...["-device", "pci-serial,addr=1,chardev=radio", ...nvFile(flash), "-device", "ivshmem-plain,addr=2,memdev=nv"],
      ...["-global", "virtio-mmio.force-legacy=false", "-netdev", network],
      ...["-device", "virtio-net-device,bus=virtio-mmio-bus.0,netdev=net0"],
    ],
  },
};

/** Lets somebody else put frames on the unit's wire, beside QEMU's own network, which does not see them. */
function wireOf(port: number | undefined): readonly string[] {
  if (port === undefined) return [];
  return [
    ...["-chardev", `socket,id=wire,host=127.0.0.1,port=${port}`],
    ...["-object", "filter-redirector,id=inject,netdev=net0,queue=tx,indev=wire"],
  ];
}

const networkOf = (port: number | undefined) =>
  port === undefined ? "user,id=net0" : `socket,id=net0,connect=127.0.0.1:${port}`;

const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** Starts QEMU. Rejects when it ends before it has connected; the message is its complaint. */
export async function startEmulator(options: EmulatorOptions): Promise<Emulator> {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-qemu-"));
  const control = listenOnce(join(folder, "qmp"));
  const line = listenOnce(join(folder, "radio"));
  const machine = MACHINES[options.board];
  if (machine === undefined) throw new Error(`no emulator is known for the board ${options.board}`);
  // On Linux the emulator ends with the process that started it, also when that one is killed.
  const [program, ...first] =
    process.platform === "linux" ? ["setpriv", "--pdeathsig", "KILL", machine.program] : [machine.program];
  const child = spawn(
    program as string,
    [
      ...first,
      ...[
        "-display",
        "none",
        "-monitor",
        "none",
        "-chardev",
        "stdio,id=console,signal=off",
        "-serial",
        "chardev:console",
      ],
      ...["-chardev", `socket,id=radio,path=${join(folder, "radio")}`],
      ...["-chardev", `socket,id=control,path=${join(folder, "qmp")}`, "-mon", "chardev=control,mode=control"],
      ...machine.arguments({
        flash: options.flashPath,
        kernel: options.kernel,
        network: networkOf(options.networkPort),
      }),
      ...wireOf(options.wirePort),
      ...(options.isCounting ? ["-icount", "shift=3"] : []),
      ...(options.more ?? []),
    ],
    { stdio: ["pipe", "pipe", "pipe"] },
  );
  running.add(child);
  let complaint = "";
  child.stderr?.on("data", (chunk) => {
    if (complaint.length < 4096) complaint += chunk;
  });
  child.stdin?.on("error", () => undefined);
  const exited = new Promise<number | null>((resolve) => {
    child.once("error", () => resolve(127));
    child.once("close", (code) => {
      running.delete(child);
      rmSync(folder, { recursive: true, force: true });
      resolve(code);
    });
  });
  const failed = exited.then((code) => {
    throw new Error(`${machine.program} ended (exit ${code}): ${complaint.trim().split("\n")[0] ?? ""}`);
  });
  failed.catch(() => undefined);
  const [qmpSocket, radio] = await Promise.race([Promise.all([control, line]), failed]);
  radio.on("error", () => undefined);
  const qmp = openQmp(qmpSocket);
  return {
    process: child,
    qmp,
    radio,
    exited,
    async forward(protocol, address, port) {
      const rule = `${protocol}:${address}:${port}-:${port}`;
      const words = await qmp.execute("human-monitor-command", { "command-line": `hostfwd_add net0 ${rule}` });
      if (words !== "")
        throw new Error(`port ${port} of ${address} can't be listened on; end the program that holds it`);
    },
    async cut() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

/**
 * Takes the power away as the board's flash sees it: where QEMU writes the flash file in its own time, it is stopped and
 * told to quit; where the file is the memory itself, it is killed.
 */
export async function powerOff(emulator: Emulator, board: string): Promise<void> {
  if (board !== "qemu-sf2") return emulator.cut();
  await emulator.qmp.execute("stop").catch(() => undefined);
  await emulator.qmp.execute("quit").catch(() => undefined);
  await emulator.exited;
}

/** The first connection to a socket file. */
function listenOnce(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      server.close();
      resolve(socket);
    });
    server.on("error", reject);
    server.listen(path);
  });
}
