/**
 * The loopback addresses of a simulated home: a subnet of 127/8 of its own. Linux accepts every address of 127/8; macOS and
 * the BSDs have 127.0.0.1 alone until somebody adds more, so there the subnet is always the same one.
 */
import { drawSubnet, hasAddress } from "#base/host/loopback-subnet.ts";
import { CliTrouble } from "./trouble.ts";

/** Where addresses of loopback have to be added by hand. */
const FIXED_SUBNET = "127.20.0";
/** Units that a home without all of 127/8 has addresses for, and the address that phones send to. */
const FIXED_HOSTS = [1, 2, 3, 4, 255];

/**
 * @param has Whether the machine has an address; replaced in tests.
 * @returns   The first three numbers of the addresses, as "127.20.0".
 * @throws CliTrouble where the machine lacks them, with the command that adds them.
 */
export async function loopbackSubnet(has: (address: string) => Promise<boolean> = hasAddress): Promise<string> {
  const drawn = await drawSubnet(has);
  if (drawn !== undefined) return drawn;
  const answers = await Promise.all(FIXED_HOSTS.map((host) => has(`${FIXED_SUBNET}.${host}`)));
  if (answers.every(Boolean)) return FIXED_SUBNET;
  const command = `for n in ${FIXED_HOSTS.join(" ")}; do sudo ifconfig lo0 alias ${FIXED_SUBNET}.$n; done`;
  throw new CliTrouble(
    `this system lacks the loopback addresses that a simulated home gives to its units; add them until the next restart: ${command}`,
  );
}
