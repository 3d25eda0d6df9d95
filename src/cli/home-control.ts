/**
 * Controls a running home from another command: one line of JSON over a loopback connection, with a secret that lies
 * beside the units, so that only who may read them can press their buttons.
 */
import { randomBytes, timingSafeEqual } from "node:crypto";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { join } from "node:path";
import { readText } from "#trust/host/files.ts";
import { replaceSecretFile } from "#trust/host/secret-file.ts";
import { CliTrouble } from "./trouble.ts";

interface Place {
  readonly port: number;
  readonly token: string;
}

/** A button to hold, or an expression to evaluate: only a development unit does the latter. */
type HomeRequest =
  | { readonly id: string; readonly holdMs: number }
  | { readonly id: string; readonly evaluate: string };

interface Told {
  readonly error?: string;
  readonly value?: string;
}

const LINE_BYTES_MAX = 8_192;
/** Beyond the time for which the button is held. */
const ANSWER_MS = 40_000;

const placeOf = (output: string) => join(output, "home.json");

function isToken(given: unknown, token: string): boolean {
  const [a, b] = [Buffer.from(String(given)), Buffer.from(token)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Listens until the process ends. @param obey Does what is asked, and answers with a value; what it throws is told to whoever asked. */
export async function serveHome(output: string, obey: (request: HomeRequest) => Promise<string>): Promise<void> {
  const token = randomBytes(16).toString("hex");
  const server = createServer((socket) => {
    let text = "";
    socket.on("error", () => socket.destroy());
    socket.on("data", (bytes) => {
      text += bytes.toString("utf8");
      if (text.length > LINE_BYTES_MAX) return void socket.destroy();
      if (text.endsWith("\n")) void answer(text).then((told) => socket.end(`${JSON.stringify(told)}\n`));
    });
  });
  async function answer(line: string): Promise<Told> {
    try {
      const { token: given, id, holdMs, evaluate } = JSON.parse(line) as Record<string, unknown>;
      if (!isToken(given, token)) return { error: "this is not the home that was asked for" };
      const what = typeof evaluate === "string" ? { evaluate } : { holdMs: Number(holdMs) };
      return { value: await obey({ id: String(id), ...what }) };
    } catch (error) {
      return { error: (error as Error).message };
    }
  }
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const path = placeOf(output);
  replaceSecretFile(path, `${JSON.stringify({ port: (server.address() as AddressInfo).port, token })}\n`);
  process.once("exit", () => {
    if (existsSync(path) && readFileSync(path, "utf8").includes(token)) rmSync(path, { force: true });
  });
}

function readPlace(output: string): Place {
  const path = placeOf(output);
  if (!existsSync(path))
    throw new CliTrouble(`no home runs for ${output} (there is no ${path}); start it: latchkey home`);
  return JSON.parse(readText(path)) as Place;
}

/** Has something done in the home that runs. @throws CliTrouble */
export function askHome(output: string, request: HomeRequest): Promise<string> {
  const { port, token } = readPlace(output);
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(`${JSON.stringify({ ...request, token })}\n`));
    let text = "";
    const gone = () => reject(new CliTrouble(`the home for ${output} does not answer; start it again: latchkey home`));
    socket.setTimeout(("holdMs" in request ? request.holdMs : 0) + ANSWER_MS, () => socket.destroy());
    socket.on("data", (bytes) => {
      text += bytes.toString("utf8");
    });
    socket.on("error", gone);
    socket.on("close", () => {
      if (!text.endsWith("\n")) return gone();
      const { error, value } = JSON.parse(text) as Told;
      if (error === undefined) resolve(value ?? "");
      else reject(new CliTrouble(error));
    });
  });
}
