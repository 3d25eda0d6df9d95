/** Loopback addresses that a home, or a unit, of this process has to itself: a subnet of 127/8, held until the process ends. */
import { randomInt } from "node:crypto";
import { createSocket } from "node:dgram";

/** Tests that need a certain address take one below. */
const FIRST_DRAWN = 100;
/** The port by which a process holds a subnet, at an address that no unit gets. */
const [HOLDER, HOLDER_PORT] = [254, 19_997];
const TRIES = 100;

/** Whether this machine has the address. */
export function hasAddress(address: string): Promise<boolean> {
  const socket = createSocket("udp4");
  return new Promise((resolve) => {
    socket.once("error", () => {
      socket.close();
      resolve(false);
    });
    socket.bind(0, address, () => socket.close(() => resolve(true)));
  });
}

/** Holds a subnet against every other process until this one ends. */
function hold(subnet: string): Promise<boolean> {
  const socket = createSocket("udp4");
  return new Promise((resolve) => {
    socket.once("error", () => {
      socket.close();
      resolve(false);
    });
    socket.bind({ port: HOLDER_PORT, address: `${subnet}.${HOLDER}`, exclusive: true }, () => {
      socket.unref();
      resolve(true);
    });
  });
}

/**
 * @param has Whether the machine has an address; replaced in tests.
 * @returns   The first three numbers of the addresses, as "127.20.0"; undefined where the system has not all of 127/8.
 */
export async function drawSubnet(has: (address: string) => Promise<boolean> = hasAddress): Promise<string | undefined> {
  for (let tries = 0; tries < TRIES; tries++) {
    const drawn = `127.${randomInt(FIRST_DRAWN, 255)}.${randomInt(0, 256)}`;
    if (!(await has(`${drawn}.1`))) return undefined;
    if (await hold(drawn)) return drawn;
  }
  return undefined;
}
