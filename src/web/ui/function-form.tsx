/** A form for one function of an app, made from its description. */
import type { JSX } from "preact";
import { useId, useRef, useState } from "preact/hooks";
import { Button } from "./button.tsx";
import type { DescribedFunction, Value } from "./described.ts";
import { describedText, useLanguage, useTexts } from "./language.ts";
import { firstInput, type InputProblem, readInput } from "./read-input.ts";
import { UI_TEXTS } from "./ui-texts.ts";
import { ValueField } from "./value-field.tsx";
import { valueText } from "./value-text.ts";

/** What came of a call: its answer, or one line that says why there is none. */
export type CallOutcome = { readonly answer: Value } | { readonly error: string };

interface FunctionFormProps {
  readonly name: string;
  readonly described: DescribedFunction;
  readonly disabled?: boolean;
  run(args: Readonly<Record<string, Value>>): Promise<CallOutcome>;
}

export function FunctionForm({ name, described, disabled = false, run }: FunctionFormProps): JSX.Element {
  const text = useTexts(UI_TEXTS);
  const language = useLanguage();
  const { title, help } = describedText(name, described.texts, language);
  const args = Object.entries(described.args);
  const [inputs, setInputs] = useState<Readonly<Record<string, string | boolean>>>({});
  const [problems, setProblems] = useState<Readonly<Record<string, InputProblem>>>({});
  const [outcome, setOutcome] = useState<CallOutcome | undefined>();
  const [isRunning, setRunning] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const id = useId();
  const inputOf = (arg: string) => inputs[arg] ?? firstInput(described.args[arg] ?? { type: "text" });

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    if (isRunning) return;
    const values: Record<string, Value> = {};
    const found: Record<string, InputProblem> = {};
    for (const [arg, schema] of args) {
      const read = readInput(schema, inputOf(arg));
      if ("problem" in read) found[arg] = read.problem;
      else values[arg] = read.value;
    }
    setProblems(found);
    const [wrong] = Object.keys(found);
    if (wrong !== undefined) {
      const at = args.findIndex(([arg]) => arg === wrong);
      form.current?.querySelectorAll<HTMLElement>(".field")[at]?.querySelector<HTMLElement>("[id]")?.focus();
      return;
    }
    setRunning(true);
    setOutcome(undefined);
    setOutcome(await run(values).catch((error: Error) => ({ error: error.message })));
    setRunning(false);
  }

  return (
    <form class="stack" ref={form} onSubmit={submit} aria-labelledby={id} data-function={name} noValidate>
      <div class="row apart">
        <h3 id={id}>{title}</h3>
        <Button type="submit" kind="primary" disabled={disabled || isRunning} label={`${text("run")}: ${title}`}>
          {isRunning ? text("running") : text("run")}
        </Button>
      </div>
      {help !== undefined && <p class="soft small">{help}</p>}
      {args.map(([arg, schema]) => (
        <ValueField
          key={arg}
          title={describedText(arg, undefined, language).title}
          schema={schema}
          input={inputOf(arg)}
          problem={problems[arg]}
          disabled={disabled}
          onInput={(input) => setInputs((now) => ({ ...now, [arg]: input }))}
        />
      ))}
      <output class="small" aria-live="polite">
        {outcome !== undefined &&
          ("error" in outcome ? (
            <span class="notice bad">{outcome.error}</span>
          ) : (
            <span class="notice">
              {outcome.answer === null
                ? text("done")
                : `${text("answer")}: ${valueText(outcome.answer, described.answer, language)}`}
            </span>
          ))}
      </output>
    </form>
  );
}
