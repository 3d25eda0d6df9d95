/** A process of its own that remembers so many keys of one unit: FILE NAME COUNT [--die]. */
import { writeFileSync } from "node:fs";
import { changeMemory } from "#phone/memory.ts";

const [path = "", name = "", count = "0", dies] = process.argv.slice(2);
for (let i = 0; i < Number(count); i++) {
  changeMemory(path, "unit", (known) => {
    // Dies as kill -9 does, in the middle of the work and with the lock in its hand.
    if (dies === "--die") process.kill(process.pid, "SIGKILL");
    const key = { cti: `${name}${i}`, name, holder: "", epoch: 0, givenAtS: 0, limits: [] };
    return { host: "", port: 1, lastCounter: 0, ...known, keys: [...(known?.keys ?? []), key] };
  });
}
writeFileSync(`${path}.${name}.done`, "");
