/** Repeats a run of settings.pml with the settings of the device over modelled flash, whose power fails where the model's does. */
import { openSettings } from "#device/settings.ts";
import { flashModel, PowerCut, type Tear } from "../../powercut/flash-model.ts";

/** Three records of 80 bytes beside a bank's header. */
const SECTOR_BYTES = 256;
const VALUE_BYTES = 70;
const REGION = { start: 0, bytes: 2 * SECTOR_BYTES };
const NAMES = ["a", "b"] as const;

/** @returns What the settings hold at each STATE of the model, in its words: two values, 0 for none. */
export function replaySettings(lines: readonly string[]): readonly string[] {
  const flash = flashModel(
    { name: "small", sectorBytes: SECTOR_BYTES, writeBytes: 1 },
    new Uint8Array(REGION.bytes).fill(0xff),
  );
  let settings = openSettings(flash, REGION);
  const states: string[] = [];
  lines.forEach((line, at) => {
    const [word, verb, name, value] = line.split(" ");
    if (word === "STEP" && verb === "put") {
      const rest = lines.slice(at + 1);
      const ops = rest
        .slice(
          0,
          rest.findIndex((each) => !each.startsWith("OP")),
        )
        .map((each) => each.slice(3));
      const cut = ops.findIndex((how) => how !== "done");
      flash.cutAt = cut < 0 ? -1 : flash.ops + cut;
      flash.tear = (ops[cut] ?? "before") as Tear;
      try {
        settings.put(NAMES[Number(name)] as string, new Uint8Array(VALUE_BYTES).fill(Number(value)));
      } catch (error) {
        if (!(error instanceof PowerCut)) throw error;
        settings = openSettings(flash, REGION);
      }
    } else if (word === "STATE") {
      states.push(NAMES.map((each) => settings.get(each)?.[0] ?? 0).join(" "));
    }
  });
  return states;
}
