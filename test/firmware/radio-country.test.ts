/** The country that firmware names to its radio, on the serial line to it. */
import { afterEach, expect, test } from "vitest";
import { openNotingRadio } from "../noting-radio.ts";
import { until } from "../progress.ts";
import { type Bench, benchUnit } from "./made-unit.ts";

let bench: Bench | undefined;
afterEach(() => bench?.station.power(false));

const SCRIPT = `native.radio.country(new Uint8Array([85,83]));\f
native.radio.country(new Uint8Array([85,83,65]));\f
native.radio.scan()`;

test("two letters go to the radio as they are, and anything else does not", async () => {
  const { commands, address, close } = await openNotingRadio();
  try {
    bench = await benchUnit("qemu-mps2", SCRIPT, address);
    await until("a scan", () => (commands.some(({ kind }) => kind === "scan") ? true : undefined));
    expect(commands).toEqual([{ kind: "country", code: Uint8Array.of(85, 83) }, { kind: "scan" }]);
  } finally {
    close();
  }
});
