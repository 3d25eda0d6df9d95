/** `latchkey phone logs` and `latchkey phone crash`: the unit's last lines, and what went wrong last in its app. */
import { withFaultNames } from "#base/faults.ts";
import { readNames, withWholeNames } from "#factory/bundle/names.ts";
import { APP_FAULT_WORDS } from "#wire/link/app-failure.ts";
import { decodeAppCrash, readLogLines } from "#wire/sessions/unit-log.ts";
import { answerOf, inSession } from "./describe.ts";
import { type PhoneOptions, PhoneTrouble, print } from "./unit.ts";

/** Shows the lines that the unit kept since it started. */
export async function readLogs(options: PhoneOptions): Promise<void> {
  await inSession(options, async (session) => {
    const answer = answerOf(await session.request({ op: "logs", after: 0 }), "the unit doesn't show its lines");
    const all = readLogLines(answer);
    if (all === undefined) throw new PhoneTrouble("the unit's answer is no list of lines", "SESSION_ANSWER");
    const lines = all.map((line) => ({ ...line, text: withFaultNames(line.text) }));
    const shown = lines.map(
      ({ atMs, level, text }) => `${(atMs / 1_000).toFixed(3).padStart(10)} s  ${level.padEnd(5)}  ${text}`,
    );
    print(options, { lines }, shown.length === 0 ? "no lines were kept since the unit started" : shown.join("\n"));
  });
}

/** Shows the last crash, with the sources' names where the list beside the release is given. */
export async function readCrash({ names, ...options }: PhoneOptions & { readonly names?: string }): Promise<void> {
  const known = names === undefined ? new Map<string, string>() : readNames(names);
  await inSession(options, async (session) => {
    const answer = answerOf(await session.request({ op: "crash" }), "the unit doesn't show its app's last crash");
    if (answer === null) return print(options, { crash: null }, "nothing went wrong in its app so far");
    const told = answer instanceof Uint8Array ? decodeAppCrash(answer) : undefined;
    if (told === undefined) throw new PhoneTrouble("the unit's answer is no crash of an app", "SESSION_ANSWER");
    const whole = (text: string) => text.split("\n").map((line) => withWholeNames(withFaultNames(line), known));
    const [message = ""] = whole(told.message);
    const stack = whole(told.stack.trimEnd());
    const lines = [
      `release ${told.release}, ${told.name}: ${message}`,
      ...stack.filter((line) => line !== ""),
      `${told.fault}: ${APP_FAULT_WORDS[told.fault] ?? "its code failed"}`,
    ];
    print(options, { crash: { ...told, message, stack: stack.join("\n") } }, lines.join("\n"));
  });
}
