/** Apps on the Linux boards reach hardware by the kernel's own drivers, under Debian's kernels on machines that QEMU has devices for. */
import { expect, test } from "vitest";
import { IMX6, runInGuest, VIRT, whyNoArmGuest } from "./arm-guest.ts";
import { bareFlash } from "./bare-flash.ts";

const withGuest = test.skipIf(whyNoArmGuest() !== undefined);

const HEAD = (board: string) => `
import { port } from "./boards/${board}/port.ts";
import { device, Digital, I2C, PWM, SPI } from "./src/app/index.ts";
import { utf8 } from "./src/base/utf8.ts";
import { provideIo } from "./src/device/app-io.ts";
const say = (text) => port.console.write(utf8(text + "\\n"));
provideIo(port.io);
`;

/** Register 3 of a TMP105 is the upper limit of its temperature, 80 degrees after a reset (data sheet SBOS381). */
const BUSES = `
const lamp = new Digital({ pin: "lamp", mode: Digital.Output });
lamp.write(1);
const thermometer = new I2C({ ...device.i2c.default, hz: 100000, address: 0x48 });
const limit = () => {
  thermometer.write(Uint8Array.of(3), false);
  return [...new Uint8Array(thermometer.read(2))].join(" ");
};
say("limit " + limit());
thermometer.write(Uint8Array.of(3, 0x41, 0x80));
say("limit " + limit());
const nobody = new I2C({ ...device.i2c.default, hz: 100000, address: 0x29 });
let fault = "none";
try { nobody.read(1); } catch (error) { fault = error.name; }
say("nobody " + fault);
const flash = new SPI({ ...device.spi.default, hz: 1000000 });
const bytes = Uint8Array.of(0x9f, 0, 0, 0);
flash.transfer(bytes);
say("flash " + [...bytes.slice(1)].map((byte) => byte.toString(16)).join(" "));
flash.write(Uint8Array.of(0x9f));
say("alone " + [...new Uint8Array(flash.read(1))].join(" "));
const dimmer = new PWM({ pin: "dimmer", hz: 1000 });
dimmer.write(256);
say("end");
`;

const START = (board: string, more: string) => `
: > /tmp/said
./${board} --flash /${board}.bin --pins /pins ${more} < /dev/null > /tmp/said 2>&1 & unit=$!
heard() { until grep -q "$1" /tmp/said; do sleep 0.1; kill -0 $unit || { cat /tmp/said; exit 3; }; done; }
`;

withGuest("an app switches a line, and speaks with chips on I2C, SPI and PWM, on an i.MX 6", async () => {
  const pins = "lamp gpiochip0 5 active-low\nsda i2c-0\nmosi spidev0.0 # the only device\ndimmer pwmchip0 0\n";
  const files = { ...(await bareFlash("linux-armhf", HEAD("linux-armhf") + BUSES)), pins: Buffer.from(pins) };
  const said = await runInGuest(
    IMX6,
    files,
    `mount -t debugfs debug /sys/kernel/debug
echo spidev > /sys/bus/spi/devices/spi0.0/driver_override
echo spi0.0 > /sys/bus/spi/drivers/spidev/bind
${START("linux-armhf", "")}
heard '^end'
cat /tmp/said
grep latchkey /sys/kernel/debug/gpio
cat /sys/class/pwm/pwmchip0/pwm0/period /sys/class/pwm/pwmchip0/pwm0/duty_cycle /sys/class/pwm/pwmchip0/pwm0/enable
exit 0`,
  );
  expect(said).toMatch(/^limit 80 0$/m);
  expect(said).toMatch(/^limit 65 128$/m);
  expect(said).toMatch(/^nobody \w*Error$/m);
  expect(said).toMatch(/^flash bf 25 41$/m);
  // A message of its own selects the chip anew, so what was asked before it is forgotten.
  expect(said).toMatch(/^alone 0$/m);
  // The program says "on"; the wire is low.
  expect(said).toMatch(/gpio-5 .*latchkey lamp.*out lo ACTIVE LOW/);
  expect(said).toMatch(/^1000000\n250244\n1$/m);
});

const BUTTON = `
const lamp = new Digital({ pin: "lamp", mode: Digital.Output });
port.onEvent((event) => {
  if (event.kind !== "button") return;
  lamp.write(1);
  say("button held " + (event.heldMs >= 50 && event.heldMs < 5000));
});
say("press it");
`;

withGuest("a button on a line of the machine is a unit's button", async () => {
  const files = await bareFlash("linux-arm64", HEAD("linux-arm64") + BUTTON);
  const said = await runInGuest(
    VIRT,
    // QEMU's power button is line 3.
    { ...files, pins: Buffer.from("lamp gpiochip0 0\nbutton gpiochip0 3\n") },
    `mount -t debugfs debug /sys/kernel/debug
${START("linux-arm64", "")}
heard '^press it'
# A press lasts 100 ms of this machine's time: the guest of a busy machine may miss one, or see the end of it alone.
until grep -q '^button held true' /tmp/said; do echo "now press"; sleep 2; kill -0 $unit || { cat /tmp/said; exit 3; }; done
cat /tmp/said
grep latchkey /sys/kernel/debug/gpio
for wrong in 'lamp gpiochip0' 'lamp gpiochip0 0 pull' 'lamp' 'lamp gpiochip9 1' 'lamp gpiochip0 99'; do
  cp /linux-arm64.bin /other.bin; echo "$wrong" > /wrong
  ./linux-arm64 --flash /other.bin --pins /wrong < /dev/null
  echo "exit $?"
done
exit 0`,
    { replies: { "now press": "system_powerdown" } },
  );
  expect(said).toMatch(/^button held true$/m);
  expect(said).toMatch(/latchkey lamp.*out hi/);
  expect(said).toMatch(/^latchkey-unit: \/wrong:1: not a line's number nor a flag/m);
  expect(said).toMatch(/^latchkey-unit: \/wrong:1: a device is missing/m);
  expect(said).toMatch(/^latchkey-unit: \/dev\/gpiochip9: No such file or directory$/m);
  expect(said).toMatch(/^latchkey-unit: lamp: Invalid argument$/m);
});

withGuest(
  "the machine's watchdog is fed, stops when the program is ended, and restarts a machine whose program died",
  async () => {
    const files = await bareFlash("linux-arm64", `${HEAD("linux-arm64")}say("at work");`);
    const guest = runInGuest(
      VIRT,
      { ...files, pins: Buffer.from("") },
      `watchdog -F -T 20 /dev/watchdog & sleep 3; kill $!; sleep 1
${START("linux-arm64", "--watchdog /dev/watchdog")}
heard '^at work'
sleep 23; echo "fed for longer than it waits"
kill $unit; wait $unit; sleep 23; echo "lives without it"
${START("linux-arm64", "--watchdog /dev/watchdog")}
heard '^at work'
kill -9 $unit; echo "the program is dead"; sleep 60
exit 0`,
    );
    await expect(guest).rejects.toThrow(
      /ended with a crash: [\s\S]*fed for longer than it waits[\s\S]*lives without it[\s\S]*the program is dead/,
    );
  },
);
