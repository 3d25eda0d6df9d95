/** A radio that notes what a unit asks of it, and answers nothing. */
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { lineFrameReader } from "#wire/lines/line-frame.ts";
import { decodeRadioCommand, type RadioCommand } from "#wire/lines/radio-line.ts";

interface NotingRadio {
  /** In the order in which they came. */
  readonly commands: RadioCommand[];
  /** HOST:PORT, as a unit is told of its air. */
  readonly address: string;
  close(): void;
}

export async function openNotingRadio(): Promise<NotingRadio> {
  const commands: RadioCommand[] = [];
  const server = createServer((socket) => {
    const read = lineFrameReader();
    socket.on("error", () => socket.destroy());
    socket.on("data", (bytes) => {
      for (const frame of read(new Uint8Array(bytes as Buffer))) {
        const command = decodeRadioCommand(frame);
        if (command.ok) commands.push(command.value);
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    commands,
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => void server.close(),
  };
}
