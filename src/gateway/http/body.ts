/** Reads the body of a request as plain data: JSON, a form, or a form with a file. */
import type { IncomingMessage } from "node:http";
import { Refusal } from "./refusal.ts";

const BYTES_MAX = 64 * 1024;
/** A release with its streams. */
const FILE_BYTES_MAX = 16 * 1024 * 1024;

interface Body {
  readonly fields: unknown;
  readonly file: Uint8Array | undefined;
}

/** Reads from the connection itself: a web stream around it costs several times as much (ADR 0105). */
async function bytesOf(incoming: IncomingMessage, max: number): Promise<Uint8Array<ArrayBuffer>> {
  const declared = Number(incoming.headers["content-length"] ?? 0);
  const tooLong = () => new Refusal(413, "invalid_request", `a body has at most ${max} bytes here`);
  if (declared > max) throw tooLong();
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let total = 0;
    incoming.on("data", (part: Buffer) => {
      total += part.length;
      if (total > max) return reject(tooLong());
      parts.push(part);
    });
    incoming.on("end", () => resolve(Buffer.concat(parts)));
    incoming.on("error", reject);
    incoming.on("close", () => {
      if (!incoming.complete) reject(new Refusal(400, "invalid_request", "the body did not come to its end"));
    });
  });
}

/** Fields of a form; one that stands twice is a list. */
function fieldsOf(entries: Iterable<[string, unknown]>): Record<string, unknown> {
  const fields: Record<string, unknown> = Object.create(null);
  for (const [name, value] of entries) {
    const before = fields[name];
    fields[name] = before === undefined ? value : [before, value].flat();
  }
  return { ...fields };
}

/** @throws Refusal 400, 413 or 415 */
export async function readBody(incoming: IncomingMessage, takesFile: boolean): Promise<Body> {
  const declared = incoming.headers["content-type"] ?? "";
  const type = declared.split(";")[0]?.trim().toLowerCase();
  if (type === "multipart/form-data" && takesFile) {
    const bytes = await bytesOf(incoming, FILE_BYTES_MAX);
    const headers = { "content-type": declared };
    const form = await new Response(bytes, { headers }).formData().catch(() => undefined);
    if (form === undefined) throw new Refusal(400, "invalid_request", "the form can't be read");
    const files = [...form.values()].filter((value) => typeof value !== "string");
    if (files.length > 1) throw new Refusal(400, "invalid_request", "send one file");
    const file = files[0] === undefined ? undefined : new Uint8Array(await (files[0] as Blob).arrayBuffer());
    const texts = [...form.entries()].filter((entry): entry is [string, string] => typeof entry[1] === "string");
    return { fields: fieldsOf(texts), file };
  }
  const text = Buffer.from(await bytesOf(incoming, BYTES_MAX)).toString("utf8");
  if (text === "") return { fields: {}, file: undefined };
  if (type === "application/json") {
    try {
      return { fields: JSON.parse(text), file: undefined };
    } catch {
      throw new Refusal(400, "invalid_request", "the body is not JSON");
    }
  }
  if (type === "application/x-www-form-urlencoded") {
    return { fields: fieldsOf(new URLSearchParams(text)), file: undefined };
  }
  throw new Refusal(415, "invalid_request", "send the body as application/json or application/x-www-form-urlencoded");
}
