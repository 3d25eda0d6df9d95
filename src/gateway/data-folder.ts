/** Names of the files in a gateway's data folder. */
export const BOOTSTRAP_KEY_FILE = "bootstrap.key";
export const RUNNING_FILE = "running.json";
export const GATEWAY_KEY_FILE = "gateway.key";
export const STORE_FILE = "gateway.db";
