/** What `latchkey home` does first: starts the air, waits for it, and tells its process ID. ADDRESS. */
import { startAir } from "#cli/emulated-air.ts";

const { child } = await startAir({ ssid: "Home", passphrase: "correct horse" }, process.argv[2]);
console.log(child.pid);
setInterval(() => undefined, 60_000);
