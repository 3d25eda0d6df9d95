/** The unit's end of the line to its radio, a TCP connection here (PROTOCOL 9.1). */
import { createConnection } from "node:net";
import type { PortEvent, Radio } from "#device/port.ts";
import { lineFrameReader } from "#wire/lines/line-frame.ts";
import { decodeRadioReport, encodeRadioCommand, type RadioCommand } from "#wire/lines/radio-line.ts";

const COUNTRY_BYTES = 2;
const SSID_BYTES_MAX = 32;
const PASSPHRASE_BYTES_MAX = 64;

interface RadioLine {
  readonly radio: Radio;
  close(): void;
}

/**
 * Connects to the air.
 * @param emit Takes the radio's reports.
 * @param lost Called when the air can't be reached or is gone.
 */
export function openRadioLine(
  host: string,
  port: number,
  emit: (event: PortEvent) => void,
  lost: (reason: string) => void,
): RadioLine {
  const line = createConnection({ host, port });
  line.setNoDelay(true);
  const read = lineFrameReader();
  line.on("data", (bytes) => {
    for (const frame of read(new Uint8Array(bytes as Buffer))) {
      const report = decodeRadioReport(frame);
      if (report.ok) emit(report.value);
    }
  });
  line.on("error", (error: NodeJS.ErrnoException) => lost(error.code ?? error.message));
  line.on("close", () => lost("closed"));
  const send = (command: RadioCommand) => void line.write(encodeRadioCommand(command));
  return {
    radio: {
      country: (code) => void (code.length === COUNTRY_BYTES && send({ kind: "country", code })),
      scan: () => send({ kind: "scan" }),
      listen: (channel) => send({ kind: "listen", channel }),
      join(ssid, passphrase) {
        // Credentials come from outside the unit: what no network can have is refused as a network refuses.
        if (ssid.length <= SSID_BYTES_MAX && passphrase.length <= PASSPHRASE_BYTES_MAX) {
          return send({ kind: "join", ssid, passphrase });
        }
        setImmediate(() => emit({ kind: "radio-join-failed", reason: "refused" }));
      },
      leave: () => send({ kind: "leave" }),
      accessPoint: (ssid) => void (ssid.length <= SSID_BYTES_MAX && send({ kind: "access-point", ssid })),
    },
    close: () => line.destroy(),
  };
}
