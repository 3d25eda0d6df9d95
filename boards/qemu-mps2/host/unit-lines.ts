/** What the process of a native unit tells its tools, and how it reads what the firmware says. */

/** Tells the tools something on standard error. */
export function show(what: object): void {
  process.stderr.write(`${JSON.stringify(what)}\n`);
}

/** Cuts a stream into lines. */
export function lines(see: (line: string) => void): (chunk: Buffer) => void {
  let rest = "";
  return (chunk) => {
    const parts = (rest + chunk.toString("latin1")).split("\n");
    rest = parts.pop() ?? "";
    for (const part of parts) see(part.trimEnd());
  };
}

/** Lines of the firmware itself: `latchkey: boot native A js A trial 0 power`, `latchkey: exception: ...`. */
export function noticeOf(line: string): object | undefined {
  const boot = /^latchkey: boot native ([AB]) js ([AB]) trial ([01]) (\S+)$/.exec(line);
  if (boot !== null) return { native: boot[1], boot: boot[2], trial: boot[3] === "1", reason: boot[4] };
  const failure = /^latchkey: (exception|watchdog|out-of-memory|fault): (.*)$/.exec(line);
  return failure === null ? undefined : { failure: failure[1], message: failure[2] };
}
