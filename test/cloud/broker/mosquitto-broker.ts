/** mosquitto with its dynamic-security plugin and one administrator, as `mosquitto_ctrl dynsec init` makes it. */

import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { freePort } from "#base/host/free-port.ts";
import { until } from "../../progress.ts";

export interface Mosquitto {
  readonly port: number;
  /** With user and password of the administrator. */
  readonly url: string;
  /** Kills it and starts it again. @param isReset Whether its plugin's file is made anew, with the administrator alone. */
  restart(isReset: boolean): Promise<void>;
  stop(): void;
}

/** @returns True once somebody takes connections there. */
const answers = (port: number) =>
  new Promise<true | undefined>((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(undefined));
  });

/**
 * Starts one on loopback, its files in a folder.
 * @param tls PEM of what it proves itself with; in the clear when absent.
 */
export async function startMosquitto(
  folder: string,
  tls?: { readonly keyPem: string; readonly certificatePem: string },
): Promise<Mosquitto> {
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const security = join(folder, "dynamic-security.json");
  spawnSync("mosquitto_ctrl", ["dynsec", "init", security, "admin", "secret"]);
  const plugin = spawnSync("sh", ["-c", "ls /usr/lib/*/mosquitto_dynamic_security.so"]).stdout.toString().trim();
  const user = process.getuid?.() === 0 ? "user root\n" : "";
  const [keyFile, certFile] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  if (tls !== undefined) {
    writeFileSync(keyFile, tls.keyPem, { mode: 0o600 });
    writeFileSync(certFile, tls.certificatePem);
  }
  const secured = tls === undefined ? "" : `keyfile ${keyFile}\ncertfile ${certFile}\n`;
  writeFileSync(
    join(folder, "mosquitto.conf"),
    `per_listener_settings false\nlistener ${port} 127.0.0.1\n${secured}allow_anonymous false\nplugin ${plugin}\nplugin_opt_config_file ${security}\n${user}`,
  );
  const start = () => spawn("mosquitto", ["-c", join(folder, "mosquitto.conf")], { stdio: "ignore" });
  let child = start();
  await until("mosquitto's port", () => answers(port));
  return {
    port,
    url: `mqtt://admin:secret@127.0.0.1:${port}`,
    async restart(isReset) {
      const ended = new Promise((resolve) => child.once("close", resolve));
      child.kill("SIGKILL");
      await ended;
      if (isReset) {
        rmSync(security);
        spawnSync("mosquitto_ctrl", ["dynsec", "init", security, "admin", "secret"]);
      }
      child = start();
      await until("mosquitto's port", () => answers(port));
    },
    stop: () => void child.kill("SIGTERM"),
  };
}
