/** The development console of a unit: requests with their answers, and what the unit tells by itself. */
import { faultNumber, withFaultNames } from "#base/faults.ts";
import type { Child } from "#boards/sim/host/child.ts";
import { CliTrouble } from "#cli/trouble.ts";
import {
  decodeDevelopmentLine,
  encodeDevelopmentLine,
  type Failed,
  type LoadedPart,
} from "#wire/lines/development-line.ts";
import { decodeFactoryLine } from "#wire/lines/factory-line.ts";

/** A unit that says nothing for this long does not hear. */
const ANSWER_MS = 30_000;
const REFUSED =
  "this is a production unit: it evaluates nothing (DEVELOPMENT_ONLY). Run the app on a development unit: latchkey dev";

export interface ConsoleReports {
  log(line: string): void;
  started(heapBytes: number): void;
  thrown(thrown: Failed): void;
  failed(failed: Failed): void;
}

export interface DevConsole {
  /** @throws CliTrouble with what the evaluation threw, or that the unit does not answer */
  evaluate(text: string): Promise<string>;
  /** Hands a kit a part of its app's new script. @throws CliTrouble where it does not take it */
  load(part: LoadedPart): Promise<void>;
  /** Bytes of memory in use. */
  heapBytes(): Promise<number>;
}

type Asked = { readonly evaluate: string } | { readonly usage: true } | { readonly load: LoadedPart };

interface Answer {
  readonly id?: number;
  readonly value?: string;
  readonly error?: string;
  readonly heapBytes?: number;
  readonly started?: { readonly heapBytes: number };
  readonly thrown?: Failed;
  readonly failed?: Failed;
}

/** Whether a line is a production unit's refusal. */
function isRefusal(line: string): boolean {
  const message = decodeFactoryLine(line);
  return (
    message?.ok === true && message.value.kind === "done" && message.value.fault === faultNumber("DEVELOPMENT_ONLY")
  );
}

/** A unit's console: its process's, or a serial line's. */
export type ConsoleLine = Pick<Child, "onLine" | "write" | "exited">;

/** @param reports Takes what the unit tells by itself; dropped where nobody listens. */
export function openDevConsole(unit: ConsoleLine, reports?: ConsoleReports): DevConsole {
  let lastId = 0;
  const waiting = new Map<number, (answer: Answer) => void>();
  unit.onLine((line) => {
    const message = decodeDevelopmentLine(line) as Answer | undefined;
    if (message === undefined) {
      if (isRefusal(line)) for (const answer of waiting.values()) answer({ error: REFUSED });
      // A line of the factory console is between machines.
      if (!line.startsWith("~") && line.trim() !== "") reports?.log(withFaultNames(line.trimEnd()));
      return;
    }
    if (message.started !== undefined) reports?.started(message.started.heapBytes);
    if (message.thrown !== undefined) reports?.thrown(message.thrown);
    if (message.failed !== undefined) reports?.failed(message.failed);
    if (message.id !== undefined) waiting.get(message.id)?.(message);
  });
  function ask(request: Asked): Promise<Answer> {
    const id = ++lastId;
    return new Promise((resolve, reject) => {
      const fail = (why: string) => {
        waiting.delete(id);
        clearTimeout(timer);
        reject(new CliTrouble(why));
      };
      const timer = setTimeout(
        () => fail("the unit does not answer on its console; save a file to start it again"),
        ANSWER_MS,
      );
      waiting.set(id, (answer) => {
        waiting.delete(id);
        clearTimeout(timer);
        resolve(answer);
      });
      void unit.exited.then(() => fail("the unit has no power"));
      unit.write(encodeDevelopmentLine({ id, ...request }));
    });
  }
  return {
    async evaluate(text) {
      const { value, error } = await ask({ evaluate: text });
      if (error !== undefined) throw new CliTrouble(error);
      return value ?? "undefined";
    },
    async load(part) {
      const { error } = await ask({ load: part });
      if (error !== undefined) throw new CliTrouble(`the kit does not take the app: ${error}`);
    },
    heapBytes: async () => (await ask({ usage: true })).heapBytes ?? 0,
  };
}
