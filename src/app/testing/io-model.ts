/**
 * The hardware of a board as a model, for the simulated board, tests and whoever plays with an app: pins, inputs and counters
 * are values that may be set from outside, and on buses sit models of devices.
 */
import { type BoardIo, type BoardPins, type IoResource, ioResources } from "#base/board-io.ts";
import type { IoPort, PortEvent } from "#device/port.ts";

/** A device on an I2C bus, as the bus shows it. */
export interface I2cDevice {
  /** Takes bytes after a start with its address. @returns Whether it acknowledges them. */
  write(bytes: Uint8Array): boolean;
  read(byteLength: number): Uint8Array;
}

/** A device on an SPI bus: what it sends while it receives. */
export type SpiDevice = (bytes: Uint8Array) => Uint8Array;

export interface IoModel {
  readonly io: IoPort;
  /** What a pin, input, counter or PWM output is now; by the name of the hardware without its mode, such as `digital lamp`. */
  value(name: string): number;
  /** Sets it from outside, as a finger or the weather does. */
  setValue(name: string, value: number): void;
  /** Sets it from inside, as the app does by an output. */
  setOutput(name: string, value: number): void;
  /** Puts a device on a bus such as `i2c sda scl`, or takes it away. */
  attachI2c(bus: string, address: number, device: I2cDevice | undefined): void;
  attachSpi(bus: string, device: SpiDevice | undefined): void;
  /** Bytes come in on a serial line such as `serial rx tx`: the unit hears of them at the next `look`. */
  receive(line: string, bytes: Uint8Array): void;
  /**
   * What a board tells of its serial lines between two events (firmware/port/io.c): how many bytes wait, where it is another number than it
   * told of last, or the app has read some and left others. @returns undefined once there is nothing to tell.
   */
  look(): PortEvent | undefined;
  /** What was sent on a serial line since it was asked last. */
  sent(line: string): Uint8Array;
}

interface Model {
  readonly resources: readonly IoResource[];
  readonly values: Map<string, number>;
  readonly watched: Set<number>;
  readonly i2c: Map<string, I2cDevice>;
  readonly spi: Map<string, SpiDevice>;
  readonly received: Map<string, readonly number[]>;
  /** Of a watched serial line, the number of bytes that was told of last; 0 after a read, so that what is left is told of. */
  readonly told: Map<number, number>;
  readonly sent: Map<string, readonly number[]>;
  readonly outside: IoOutside;
}

interface IoOutside {
  /** Takes an event for the unit, to be delivered once no code of it runs. */
  emit(event: PortEvent): void;
  /** Told of each value that the unit sets. */
  written?(name: string, value: number): void;
}

/** Hz of a PWM output whose app asks for none. */
const PWM_HZ = 1_000;

/** The same pin may be opened in several modes: its value is one. */
function keyOf({ name, kind }: IoResource): string {
  return kind === "input" || kind === "output" ? name.slice(0, name.lastIndexOf(" ")) : name;
}

function at({ resources }: Model, resource: number): IoResource {
  const found = resources[resource];
  if (found === undefined) throw new RangeError(`no resource ${resource}`);
  return found;
}

function valueIn(model: Model, name: string): number {
  return model.received.get(name)?.length ?? model.values.get(name) ?? 0;
}

function tell(model: Model, name: string): void {
  for (const resource of model.watched) {
    if (keyOf(at(model, resource)) === name) model.outside.emit({ kind: "io", resource, value: valueIn(model, name) });
  }
}

function set(model: Model, name: string, value: number): void {
  const isChange = valueIn(model, name) !== value;
  model.values.set(name, value);
  if (isChange) tell(model, name);
}

function setOutput({ values, outside }: Model, name: string, value: number): void {
  values.set(name, value);
  outside.written?.(name, value);
}

function readFrom(model: Model, resource: number, address: number, byteLength: number): Uint8Array | undefined {
  const { kind, name } = at(model, resource);
  if (kind === "i2c") return model.i2c.get(`${name} ${address}`)?.read(byteLength);
  if (kind === "spi") return transferOn(model, name, new Uint8Array(byteLength));
  const waiting = model.received.get(name) ?? [];
  model.received.set(name, waiting.slice(byteLength));
  if (byteLength > 0) model.told.set(resource, 0);
  return Uint8Array.from(waiting.slice(0, byteLength));
}

function writeTo(model: Model, resource: number, address: number, bytes: Uint8Array): boolean {
  const { kind, name } = at(model, resource);
  if (kind === "i2c") return model.i2c.get(`${name} ${address}`)?.write(bytes) ?? false;
  if (kind === "spi") transferOn(model, name, bytes);
  else model.sent.set(name, [...(model.sent.get(name) ?? []), ...bytes]);
  return true;
}

/** Without a device the line is high. */
function transferOn({ spi }: Model, name: string, bytes: Uint8Array): Uint8Array {
  return spi.get(name)?.(bytes) ?? new Uint8Array(bytes.length).fill(0xff);
}

function portOf(model: Model): IoPort {
  return {
    find: (name) => model.resources.findIndex((resource) => resource.name === name),
    bits: (resource) => at(model, resource).bits,
    configure: (_, hz) => (hz > 0 ? hz : PWM_HZ),
    get: (resource) => valueIn(model, keyOf(at(model, resource))),
    set: (resource, value) => setOutput(model, keyOf(at(model, resource)), value),
    read: (resource, address, byteLength) => readFrom(model, resource, address, byteLength),
    write: (resource, address, bytes) => writeTo(model, resource, address, bytes),
    transfer: (resource, bytes) => transferOn(model, at(model, resource).name, bytes),
    watch(resource, isWatched) {
      model.told.set(resource, 0);
      if (isWatched) model.watched.add(resource);
      else model.watched.delete(resource);
    },
  };
}

/** Makes the hardware that a board.json describes. */
export function createIoModel(
  board: { readonly pins: BoardPins; readonly io?: BoardIo | undefined },
  outside: IoOutside,
): IoModel {
  const model: Model = {
    resources: ioResources(board.pins, board.io),
    values: new Map(),
    watched: new Set(),
    i2c: new Map(),
    spi: new Map(),
    received: new Map(),
    told: new Map(),
    sent: new Map(),
    outside,
  };
  return {
    io: portOf(model),
    value: (name) => valueIn(model, name),
    setValue: (name, value) => set(model, name, value),
    setOutput: (name, value) => setOutput(model, name, value),
    attachI2c(bus, address, device) {
      if (device === undefined) model.i2c.delete(`${bus} ${address}`);
      else model.i2c.set(`${bus} ${address}`, device);
    },
    attachSpi(bus, device) {
      if (device === undefined) model.spi.delete(bus);
      else model.spi.set(bus, device);
    },
    receive(line, bytes) {
      model.received.set(line, [...(model.received.get(line) ?? []), ...bytes]);
    },
    look() {
      for (const resource of model.watched) {
        const { kind, name } = at(model, resource);
        const value = valueIn(model, name);
        if (kind !== "serial" || value === (model.told.get(resource) ?? 0)) continue;
        model.told.set(resource, value);
        return { kind: "io", resource, value };
      }
      return undefined;
    },
    sent(line) {
      const bytes = Uint8Array.from(model.sent.get(line) ?? []);
      model.sent.delete(line);
      return bytes;
    },
  };
}
