/** The IO classes of ECMA-419 on modelled hardware: what each one reads, writes, tells and refuses. */
import { beforeEach, describe, expect, it } from "vitest";
import { Analog } from "#app/io/analog.ts";
import { device } from "#app/io/buses.ts";
import { Digital } from "#app/io/digital.ts";
import { DigitalBank } from "#app/io/digital-bank.ts";
import { I2C } from "#app/io/i2c.ts";
import { PulseCount } from "#app/io/pulse-count.ts";
import { PWM } from "#app/io/pwm.ts";
import { Serial } from "#app/io/serial.ts";
import { SMBus } from "#app/io/smbus.ts";
import { SPI } from "#app/io/spi.ts";
import { createIoModel, type IoModel } from "#app/testing/io-model.ts";
import { createRegisterDevice, tmp105Registers } from "#app/testing/register-device.ts";
import { readBoard } from "#boards/sim/host/board.ts";
import { deliverIo, provideIo } from "#device/app-io.ts";

let hardware: IoModel;
let written: string[];
beforeEach(() => {
  written = [];
  hardware = createIoModel(readBoard("sim"), {
    emit: (event) => event.kind === "io" && deliverIo(event.resource, event.value),
    written: (name, value) => written.push(`${name} ${value}`),
  });
  provideIo(hardware.io);
});

/** What the board does between two events. */
function look(): void {
  for (let event = hardware.look(); event !== undefined; event = hardware.look()) {
    if (event.kind === "io") deliverIo(event.resource, event.value);
  }
}

const BUS = { ...device.i2c.default, hz: 100_000 } as const;
const bytesIn = (buffer: ArrayBuffer) => [...new Uint8Array(buffer)];

describe("every instance", () => {
  it("is refused what the board lacks, what is in use, and what is out of range, before anything is touched", () => {
    expect(() => new PWM({ pin: "lamp" })).toThrow("this board has no pwm lamp");
    expect(() => new Digital({ pin: "lamp", mode: Digital.Input })).toThrow("this board has no digital lamp 0");
    expect(() => new Digital({ pin: "lamp", mode: 4.5 })).toThrow(
      /^mode is 4.5 \(expected a whole number from 0 to 9\)/,
    );
    expect(() => new PWM({ pin: "vent", hz: -1 })).toThrow(/^hz is -1/);
    expect(written).toEqual([]);
    const vent = new PWM({ pin: "vent" });
    expect(() => new PWM({ pin: "vent" })).toThrow("pwm vent is in use: close it first");
    vent.close();
    vent.close();
    expect(() => vent.write(1)).toThrow("this instance is closed");
    new PWM({ pin: "vent" }).close();
  });

  it("keeps its target, ignores options that it does not know, and leaves the options as they are", () => {
    const options = Object.freeze({ pin: "soil", target: { any: 1 }, io: Analog, more: 1 });
    expect(new Analog(options).target).toBe(options.target);
  });

  it("has one format, except for serial lines", () => {
    const soil = new Analog({ pin: "soil" });
    expect(soil.format).toBe("number");
    expect(() => {
      soil.format = "buffer";
    }).toThrow("the format buffer is not supported (expected number)");
    expect(new I2C({ ...BUS, address: 1 }).format).toBe("buffer");
  });

  it("can't be opened before the runtime has started, or on a board without IO", () => {
    provideIo(undefined);
    expect(() => new Analog({ pin: "soil" })).toThrow("this board has no analog soil");
  });
});

describe("single values", () => {
  it("Digital writes outputs, reads inputs, and tells the edges that were asked for", () => {
    const lamp = new Digital({ pin: "lamp", mode: Digital.Output });
    lamp.write(1);
    expect(hardware.value("digital lamp")).toBe(1);
    expect(() => lamp.read()).toThrow("an output can't be read");
    expect(() => lamp.write(2)).toThrow(/^value is 2/);
    const seen: string[] = [];
    const contact = new Digital({
      pin: "contact",
      mode: Digital.InputPullUp,
      edge: Digital.Rising,
      onReadable() {
        seen.push(`rose to ${this.read()}`);
      },
    });
    for (const value of [1, 0, 1]) hardware.setValue("digital contact", value);
    expect(seen).toEqual(["rose to 1", "rose to 1"]);
    expect(() => contact.write(1)).toThrow("an input can't be written");
    expect(() => new Digital({ pin: "contact", mode: Digital.Input })).toThrow("digital contact is in use");
    contact.close();
    hardware.setValue("digital contact", 0);
    hardware.setValue("digital contact", 1);
    expect(seen).toHaveLength(2);
    const all = { pin: "contact", mode: Digital.Input, onReadable: () => undefined };
    expect(() => new Digital(all)).toThrow(/^edge is undefined/);
  });

  it("DigitalBank reads and writes its own pins alone, and tells which have changed", () => {
    const low = new DigitalBank({ pins: 0x0f, mode: DigitalBank.Output });
    hardware.setOutput("bank default 8", 0xa5);
    low.write(0xff);
    expect(hardware.value("bank default 8")).toBe(0xaf);
    const seen: number[] = [];
    const keys = new DigitalBank({
      ...{ pins: 0b111, mode: DigitalBank.Input, bank: "keys", rises: 0b001, falls: 0b010 },
      onReadable: (triggers) => seen.push(triggers),
    });
    for (const value of [0b1011, 0b0000, 0b0100]) hardware.setValue("bank keys 0", value);
    expect(keys.read()).toBe(0b100);
    expect(seen).toEqual([0b001, 0b010]);
    expect(() => new DigitalBank({ pins: 0x100, mode: DigitalBank.Output })).toThrow(/is in use/);
    low.close();
    expect(() => new DigitalBank({ pins: 0x100, mode: DigitalBank.Output })).toThrow("this bank has 8 pins");
    new DigitalBank({ pins: 1, mode: DigitalBank.Output });
  });

  it("Analog gives the bits that were asked for, as far as there are so many", () => {
    hardware.setValue("analog soil", 4095);
    const few = new Analog({ pin: "soil", resolution: 8 });
    expect([few.resolution, few.read()]).toEqual([8, 255]);
    few.close();
    const most = new Analog({ pin: "soil", resolution: 16 });
    expect([most.resolution, most.read()]).toEqual([12, 4095]);
  });

  it("PWM starts at 0 %, takes its resolution's values, and is switched off when closed", () => {
    const vent = new PWM({ pin: "vent", hz: 25_000 });
    expect([vent.resolution, vent.hz]).toEqual([10, 25_000]);
    vent.write(1023);
    expect(() => vent.write(1024)).toThrow(/^value is 1024/);
    vent.close();
    expect(written).toEqual(["pwm vent 0", "pwm vent 1023", "pwm vent 0"]);
  });

  it("PulseCount counts both ways from what it is set to", () => {
    let changes = 0;
    const wheel = new PulseCount({ signal: "wheel-a", control: "wheel-b", onReadable: () => void changes++ });
    hardware.setValue("pulse wheel-a wheel-b", -3);
    expect([wheel.read(), changes]).toEqual([-3, 1]);
    wheel.write(100);
    expect(wheel.read()).toBe(100);
  });
});

describe("buses", () => {
  it("I2C and SMBus read and write registers, into new buffers and the caller's", () => {
    hardware.attachI2c("i2c sda scl", 0x48, createRegisterDevice({ ...tmp105Registers(25.5), 9: [7] }));
    const plain = new I2C({ ...BUS, address: 0x48 });
    plain.write(Uint8Array.of(0), false);
    expect(bytesIn(plain.read(2))).toEqual([0x19, 0x80]);
    const own = new DataView(new ArrayBuffer(4), 1, 2);
    expect(plain.read(own)).toBe(2);
    expect(bytesIn(own.buffer)).toEqual([0, 0x19, 0x80, 0]);
    plain.close();
    const bus = new SMBus({ ...BUS, address: 0x48 });
    expect([bus.readUint16(0, true), bus.readUint16(0)]).toEqual([0x1980, 0x8019]);
    bus.writeUint16(3, 0x1234, true);
    expect(bytesIn(bus.readBuffer(3, 2))).toEqual([0x12, 0x34]);
    bus.writeUint16(3, 0x1234);
    bus.writeUint8(9, 8);
    bus.writeBuffer(2, Uint8Array.of(1, 2));
    expect([bus.readUint16(3, true), bus.readUint8(9), bus.readUint16(2, true)]).toEqual([0x3412, 8, 0x102]);
    bus.sendByte(9);
    expect(bus.receiveByte()).toBe(8);
    bus.writeQuick();
    bus.readQuick();
  });

  it("what does not answer on I2C throws; two devices share the bus, two instances no address", () => {
    hardware.attachI2c("i2c sda scl", 0x48, createRegisterDevice({ 0: [1] }));
    const there = new I2C({ ...BUS, address: 0x48 });
    const missing = new I2C({ ...BUS, address: 0x49, hz: 400_000 });
    expect(() => missing.read(1)).toThrow("nothing answers at I2C address 0x49: check its wiring and its address");
    expect(() => missing.write(new Uint8Array(0))).toThrow("nothing answers");
    expect(() => there.write(Uint8Array.of(77))).toThrow("nothing answers");
    expect(() => new I2C({ ...BUS, address: 0x48 })).toThrow("i2c sda scl 72 is in use");
    expect(() => new I2C({ ...BUS, address: 128 })).toThrow(/^address is 128/);
    expect(() => there.read(257)).toThrow(/^byteLength is 257/);
  });

  it("SPI moves bytes both ways while its device is selected", () => {
    const seen: string[] = [];
    hardware.attachSpi("spi mosi miso sck", (bytes) => {
      seen.push(`${hardware.value("digital cs")}:${[...bytes]}`);
      return bytes.map((byte) => byte + 1);
    });
    const spi = new SPI({ ...device.spi.default, select: "cs", hz: 1_000_000, mode: 3 });
    expect(hardware.value("digital cs")).toBe(1);
    const buffer = Uint8Array.of(1, 2);
    spi.transfer(buffer);
    spi.write(Uint8Array.of(5));
    expect(hardware.value("digital cs")).toBe(0);
    spi.flush(true);
    expect(hardware.value("digital cs")).toBe(1);
    expect([[...buffer], bytesIn(spi.read(2))]).toEqual([
      [2, 3],
      [1, 1],
    ]);
    expect(seen).toEqual(["0:1,2", "0:5", "0:0,0"]);
    spi.close();
    expect(hardware.value("digital cs")).toBe(1);
    expect(() => new SPI({ clock: "sck", hz: 1 })).toThrow(
      new TypeError("out and in are missing (expected one or both)"),
    );
    expect(() => new SPI({ ...device.spi.default, select: "nope", hz: 1 })).toThrow("this board has no digital nope 8");
    new SPI({ ...device.spi.default, hz: 1 });
  });

  it("Serial tells once of what waits, again once some of it was read, and of nothing that was read meanwhile", () => {
    const told: number[] = [];
    const take = [0, 2, 0, 1, 3];
    const line = new Serial({
      ...{ ...device.serial.default, baud: 9_600, format: "buffer" },
      onReadable(bytes) {
        told.push(bytes);
        this.read(take[told.length - 1] ?? 0);
      },
    });
    const come = (...bytes: number[]) => {
      hardware.receive("serial rx tx", Uint8Array.from(bytes));
      look();
      return told.splice(0);
    };
    take.splice(0, 5, 0);
    expect([come(1, 2, 3), come(4)]).toEqual([[3], [4]]);
    // Two of four, then one of two; the last is left alone, and told of with the next one.
    take.splice(0, 1, 2, 1, 0);
    expect(come(5)).toEqual([5, 3, 2]);
    take.splice(0, 3, 3);
    hardware.receive("serial rx tx", Uint8Array.of(6));
    expect(bytesIn(line.read() as ArrayBuffer)).toEqual([4, 5, 6]);
    look();
    expect(told).toEqual([]);
    // As many as before, all of them new.
    expect([come(7), come(8)]).toEqual([[1], [1]]);
    line.close();
    // What waits when a line is opened is told of.
    hardware.receive("serial rx tx", Uint8Array.of(9, 10));
    new Serial({ ...device.serial.default, baud: 9_600, onReadable: (bytes) => void told.push(bytes) });
    look();
    expect(told).toEqual([2]);
  });

  it("Serial reads what waits, tells what comes, and writes all of it or nothing", async () => {
    const seen: string[] = [];
    const line = new Serial({
      ...{ ...device.serial.default, baud: 9_600, format: "buffer" },
      onReadable: (bytes) => seen.push(`readable ${bytes}`),
      onWritable: (bytes) => seen.push(`writable ${bytes}`),
    });
    expect([line.read(), seen]).toEqual([undefined, []]);
    await Promise.resolve();
    hardware.receive("serial rx tx", Uint8Array.of(1, 2, 3, 4, 5));
    look();
    expect(seen).toEqual(["writable 256", "readable 5"]);
    expect(bytesIn(line.read(2) as ArrayBuffer)).toEqual([1, 2]);
    const room = new Uint8Array(2);
    expect([line.read(room), [...room]]).toEqual([2, [3, 4]]);
    line.format = "number";
    expect([line.read(), line.read()]).toEqual([5, undefined]);
    line.write(9);
    line.write(Uint8Array.of(10, 11));
    expect(() => line.write(new Uint8Array(257))).toThrow("257 bytes don't fit into the line's buffer of 256");
    expect([...hardware.sent("serial rx tx")]).toEqual([9, 10, 11]);
    hardware.receive("serial rx tx", Uint8Array.of(1));
    line.flush();
    expect(line.read()).toBe(undefined);
    expect(() => line.flush(true)).toThrow("flush has no argument or two");
    expect(() => {
      line.format = "string;utf8";
    }).toThrow(/is not supported/);
  });
});
