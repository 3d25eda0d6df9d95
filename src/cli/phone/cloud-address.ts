/** Where a cloud is, as a person writes it. */
import { portNumber } from "#cli/values/number.ts";
import { ValueError } from "#cli/values/value-error.ts";
import { isPort } from "#phone/learn.ts";
import type { CloudAddress } from "#wire/link/cloud-address.ts";

/** HOST:MQTT PORT:HTTP PORT:NAME, as `phone learn` says it. */
export function cloudFrom(text: string): CloudAddress {
  const [, host, mqttPort, httpPort, broker] = /^(.+):(\d{1,5}):(\d{1,5}):([^:]+)$/.exec(text) ?? [];
  if (
    host === undefined ||
    broker === undefined ||
    !isPort(portNumber(mqttPort ?? "")) ||
    !isPort(portNumber(httpPort ?? ""))
  ) {
    throw new ValueError("--cloud wants HOST:MQTTPORT:HTTPPORT:NAME, as `phone learn` says it");
  }
  return { host, mqttPort: portNumber(mqttPort ?? ""), httpPort: portNumber(httpPort ?? ""), broker };
}
