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

/**
 * Reads lines of the firmware itself: `latchkey: boot native A js A trial 0 power`, `latchkey: exception: ...`, before which the stack
 * stands. @returns What notices of a line.
 */
export function noticeReader(): (line: string) => object | undefined {
  let stack = "";
  return (line) => {
    if (/^\s+at /.test(line)) stack += `\n${line}`;
    const boot = /^latchkey: boot native ([AB]) js ([AB]) trial ([01]) (\S+)$/.exec(line);
    const failure = /^latchkey: (exception|watchdog|out-of-memory|fault): (.*)$/.exec(line);
    if (boot === null && failure === null) return undefined;
    const before = stack;
    stack = "";
    if (boot !== null) return { native: boot[1], boot: boot[2], trial: boot[3] === "1", reason: boot[4] };
    return { failure: failure?.[1], message: `${failure?.[2]}${before}` };
  };
}
