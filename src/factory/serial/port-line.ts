/** A serial port of this machine, or a pseudo-terminal, by the package serialport. */
import { accessSync, constants, existsSync, readdirSync, realpathSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { readText } from "#trust/host/files.ts";
import { type ControlLines, createListeners, type OpenLine, SerialLineError, type UsbIds } from "./serial-line.ts";

const isWindowsName = (name: string) => /^(\\\\\.\\)?COM\d+$/i.test(name);

/** Ports that are there, by the names that Linux and macOS give those of USB. */
function portsHere(): readonly string[] {
  if (process.platform === "win32") return [];
  return readdirSync("/dev")
    .filter((name) => /^(tty(USB|ACM)\d+|cu\.(usb|SLAB|wch).*)$/.test(name))
    .map((name) => `/dev/${name}`)
    .sort();
}

/** The group that owns a device, by its name where the system lists groups. */
function groupOf(path: string): string {
  const { gid } = statSync(path);
  const groups = existsSync("/etc/group") ? readText("/etc/group").split("\n") : [];
  const line = groups.find((each) => each.split(":")[2] === String(gid));
  return line?.split(":")[0] ?? "dialout";
}

/** What a failed attempt to open a port means, as one line. @param reason What the system or the package said. */
export function openTrouble(name: string, reason: string): SerialLineError {
  if (/ENOENT|no such file|file not found/i.test(reason)) {
    const here = portsHere();
    const others = here.length === 0 ? "no USB serial port is there" : `there are ${here.join(", ")}`;
    return new SerialLineError(`there is no port ${name} (${others}); connect the board, and check its name`);
  }
  if (/EACCES|EPERM|permission denied|access denied/i.test(reason)) {
    if (process.platform === "win32") {
      return new SerialLineError(`${name} can't be opened: another program has it, or it may not be used; close that`);
    }
    const group = existsSync(name) ? groupOf(name) : "dialout";
    return new SerialLineError(
      `this user may not use ${name} (its group is ${group}); run: sudo usermod -aG ${group} $USER, then log in again`,
    );
  }
  if (/cannot lock|EBUSY|EAGAIN|temporarily unavailable/i.test(reason)) {
    return new SerialLineError(`another program uses ${name}; end that (a serial monitor, perhaps), then try again`);
  }
  if (/ENOTTY|inappropriate ioctl|ENXIO|EINVAL/i.test(reason)) {
    return new SerialLineError(`${name} is not a serial port; name the board's, as /dev/ttyUSB0 or /dev/ttyACM0`);
  }
  return new SerialLineError(`${name} can't be opened: ${reason.replace(/^Error:? */, "")}; check cable and name`);
}

function checkName(name: string): void {
  if (isWindowsName(name)) return;
  try {
    if (!statSync(name).isCharacterDevice()) throw openTrouble(name, "ENOTTY");
    accessSync(name, constants.R_OK | constants.W_OK);
  } catch (error) {
    if (error instanceof SerialLineError) throw error;
    throw openTrouble(name, (error as NodeJS.ErrnoException).code ?? String(error));
  }
}

/** Who made the port's USB device. Linux tells by sysfs; the package's own list would need udev's tool there. */
function usbOnLinux(name: string): UsbIds | undefined {
  const device = join("/sys/class/tty", basename(realpathSync(name)), "device");
  if (!existsSync(device)) return undefined;
  // The port's interface lies one folder below its device, a converter's port two.
  const real = realpathSync(device);
  for (const up of ["..", "../.."]) {
    const [vendor, product] = ["idVendor", "idProduct"].map((file) => join(real, up, file));
    if (vendor === undefined || product === undefined || !existsSync(vendor)) continue;
    const read = (path: string) => Number.parseInt(readText(path), 16);
    return { vendor: read(vendor), product: read(product) };
  }
  return undefined;
}

async function usbOf(name: string, list: () => Promise<readonly ListedPort[]>): Promise<UsbIds | undefined> {
  if (process.platform === "linux") return usbOnLinux(name);
  const found = (await list()).find(({ path }) => path === name);
  if (found?.vendorId === undefined || found.productId === undefined) return undefined;
  return { vendor: Number.parseInt(found.vendorId, 16), product: Number.parseInt(found.productId, 16) };
}

interface ListedPort {
  readonly path: string;
  readonly vendorId?: string | undefined;
  readonly productId?: string | undefined;
}

/** The package, whose native part is loaded when a port is first used. */
async function loadSerialPort() {
  try {
    return (await import("serialport")).SerialPort;
  } catch (error) {
    throw new SerialLineError(
      `this machine can't open serial ports: serialport has no binary for ${process.platform}-${process.arch} (${(error as Error).message.split("\n")[0]}); use another machine, or a line over TCP`,
    );
  }
}

/** @throws SerialLineError */
export async function openPortLine(name: string, bitPerS: number): Promise<OpenLine> {
  checkName(name);
  const SerialPort = await loadSerialPort();
  const port = new SerialPort({ path: name, baudRate: bitPerS, autoOpen: false });
  await new Promise<void>((resolve, reject) =>
    port.open((error) => (error === null ? resolve() : reject(openTrouble(name, error.message)))),
  );
  const done = (act: (callback: (error: Error | null | undefined) => void) => void) =>
    new Promise<void>((resolve, reject) =>
      act((error) => (error ? reject(new SerialLineError(`${name}: ${error.message}`)) : resolve())),
    );
  const listeners = createListeners();
  const ended = new Promise<void>((resolve) => port.once("close", () => resolve()));
  port.on("error", () => undefined);
  port.on("data", (bytes: Buffer) => listeners.tell(new Uint8Array(bytes)));
  // The package's own defaults raise both: each call says both.
  const set = ({ dtr, rts }: ControlLines) => done((callback) => port.set({ dtr, rts }, callback));
  const hasControl = await set({ dtr: false, rts: false }).then(
    () => true,
    () => false,
  );
  return {
    ...{ name, usb: await usbOf(name, () => SerialPort.list()), setControl: hasControl ? set : undefined },
    ...{ ended, onBytes: listeners.add, isEnded: () => !port.isOpen },
    write: (bytes) => void port.write(Buffer.from(bytes)),
    setSpeed: (speed) => done((callback) => port.update({ baudRate: speed }, callback)),
    async close() {
      if (port.isOpen) await done((callback) => port.close(callback));
    },
  };
}
