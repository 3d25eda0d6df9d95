/** An app that asks a server of its maker's: the tests of each board run it against servers of every kind of wrong. */
import { defineDevice, int, text } from "#app/index.ts";

/** Built against src/app/fetch-globals.d.ts, as a maker's app is. */
declare const fetch: (
  url: string,
  init?: object,
) => Promise<{
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  text(): Promise<string>;
  json(): Promise<{ readonly degrees: number }>;
}>;

export const app = defineDevice({
  functions: {
    ask: {
      right: "call",
      args: { port: int(1, 65_535), path: text(40), server: text(40) },
      answer: text(200),
      async run({ port, path, server }) {
        try {
          const answer = await fetch(`https://127.0.0.1:${port}${path}`, { serverName: server });
          return `${answer.status} ${answer.headers.get("Content-Type")} ${(await answer.text()).slice(0, 100)}`;
        } catch (error) {
          return (error as Error).message.slice(0, 200);
        }
      },
    },
    size: {
      right: "call",
      args: { port: int(1, 65_535), path: text(40), server: text(40) },
      answer: text(200),
      async run({ port, path, server }) {
        try {
          const said = await (await fetch(`https://127.0.0.1:${port}${path}`, { serverName: server })).text();
          return `${said.length} from ${said.slice(0, 4)} to ${said.slice(-4)}`;
        } catch (error) {
          return (error as Error).message.slice(0, 200);
        }
      },
    },
    tell: {
      right: "call",
      args: { port: int(1, 65_535), server: text(40) },
      answer: int(-100, 100),
      async run({ port, server }) {
        const headers = { "Content-Type": "application/json", Authorization: "Bearer key" };
        const init = { method: "POST", headers, body: '{"unit":1}', serverName: server };
        return (await (await fetch(`https://127.0.0.1:${port}/tell`, init)).json()).degrees;
      },
    },
    twice: {
      right: "call",
      args: { port: int(1, 65_535), server: text(40) },
      answer: text(200),
      async run({ port, server }) {
        const first = fetch(`https://127.0.0.1:${port}/ok`, { serverName: server });
        const second = await fetch(`https://127.0.0.1:${port}/ok`).catch((error: Error) => error.message);
        return `${(await first).status} ${String(second)}`;
      },
    },
  },
});
