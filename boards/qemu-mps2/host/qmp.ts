/** A minimal client of the QEMU Machine Protocol: one command, one answer, in order. */
import type { Socket } from "node:net";

export interface Qmp {
  /** Resolves with the answer's `return`; rejects with QEMU's own words. */
  execute(command: string, args?: object): Promise<unknown>;
}

interface Waiting {
  done(value: unknown): void;
  fail(error: Error): void;
}

export function openQmp(socket: Socket): Qmp {
  const waiting: Waiting[] = [];
  let rest = "";
  socket.on("data", (chunk) => {
    const lines = (rest + chunk.toString()).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const message = JSON.parse(line) as { return?: unknown; error?: { desc: string } };
      if (message.error !== undefined) waiting.shift()?.fail(new Error(`qemu: ${message.error.desc}`));
      else if ("return" in message) waiting.shift()?.done(message.return);
    }
  });
  const close = () => {
    for (const each of waiting.splice(0)) each.fail(new Error("qemu has ended"));
  };
  socket.on("error", close);
  socket.on("close", close);
  const execute = (command: string, args?: object) =>
    new Promise<unknown>((done, fail) => {
      if (socket.destroyed) return fail(new Error("qemu has ended"));
      waiting.push({ done, fail });
      socket.write(`${JSON.stringify({ execute: command, ...(args && { arguments: args }) })}\n`);
    });
  execute("qmp_capabilities").catch(() => undefined);
  return { execute };
}
