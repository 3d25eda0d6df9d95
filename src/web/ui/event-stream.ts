/** Reads a stream of server-sent events through fetch: EventSource can't carry a token. @source WHATWG HTML, 9.2.6 */
export async function readEventStream(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  see: (kind: string, data: string) => void,
): Promise<void> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const field = (name: string) =>
        block
          .split("\n")
          .filter((line) => line.startsWith(`${name}: `))
          .map((line) => line.slice(name.length + 2))
          .join("\n");
      see(field("event"), field("data"));
    }
  }
}
