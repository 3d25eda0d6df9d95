/** A form for the settings of an app, made from its description: what was changed is saved, the rest is left alone. */
import type { JSX } from "preact";
import { useId, useRef, useState } from "preact/hooks";
import { Button } from "./button.tsx";
import type { DescribedSetting, Value } from "./described.ts";
import { describedText, useLanguage, useTexts } from "./language.ts";
import { firstInput, type InputProblem, readInput } from "./read-input.ts";
import { UI_TEXTS } from "./ui-texts.ts";
import { ValueField } from "./value-field.tsx";

interface SettingsFormProps {
  /** What the form is called, for those who don't see its heading. */
  readonly label: string;
  readonly settings: Readonly<Record<string, DescribedSetting>>;
  /** Their values now; one that is missing is not known yet. */
  readonly values: Readonly<Record<string, Value>>;
  readonly disabled?: boolean;
  /** Changes one setting. @returns One line that says why it was not changed, or undefined. */
  save(name: string, value: Value): Promise<string | undefined>;
}

export function SettingsForm({ label, settings, values, disabled = false, save }: SettingsFormProps): JSX.Element {
  const text = useTexts(UI_TEXTS);
  const language = useLanguage();
  const [inputs, setInputs] = useState<Readonly<Record<string, string | boolean>>>({});
  const [problems, setProblems] = useState<Readonly<Record<string, InputProblem>>>({});
  const [outcome, setOutcome] = useState<{ readonly error?: string | undefined } | undefined>();
  const [isSaving, setSaving] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const id = useId();
  const entries = Object.entries(settings);
  const isChanged = Object.keys(inputs).length > 0;

  async function saveAll(changed: Readonly<Record<string, Value>>): Promise<string | undefined> {
    for (const [name, value] of Object.entries(changed)) {
      const error = await save(name, value).catch(({ message }: Error) => message);
      if (error !== undefined) return error;
      setInputs(({ [name]: _, ...rest }) => rest);
    }
    return undefined;
  }

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    if (isSaving) return;
    const changed: Record<string, Value> = {};
    const found: Record<string, InputProblem> = {};
    for (const [name, { value: schema }] of entries) {
      const input = inputs[name];
      if (input === undefined) continue;
      const read = readInput(schema, input);
      if ("problem" in read) found[name] = read.problem;
      else changed[name] = read.value;
    }
    setProblems(found);
    const [wrong] = Object.keys(found);
    if (wrong !== undefined) {
      const at = entries.findIndex(([name]) => name === wrong);
      form.current?.querySelectorAll<HTMLElement>(".field")[at]?.querySelector<HTMLElement>("input[id],[id]")?.focus();
      return;
    }
    setSaving(true);
    setOutcome(undefined);
    setOutcome({ error: await saveAll(changed) });
    setSaving(false);
  }

  return (
    <form class="stack" ref={form} onSubmit={submit} aria-label={label} data-settings id={id} noValidate>
      {entries.map(([name, { value: schema, texts }]) => {
        const { title, help } = describedText(name, texts, language);
        return (
          <ValueField
            key={name}
            title={title}
            help={help}
            schema={schema}
            input={inputs[name] ?? firstInput(schema, values[name])}
            problem={problems[name]}
            disabled={disabled || values[name] === undefined}
            onInput={(input) => {
              setOutcome(undefined);
              setInputs((now) => ({ ...now, [name]: input }));
            }}
          />
        );
      })}
      <div class="row apart">
        <output class="small" aria-live="polite">
          {outcome !== undefined &&
            (outcome.error === undefined ? (
              <span class="notice">{text("saved")}</span>
            ) : (
              <span class="notice bad">{outcome.error}</span>
            ))}
        </output>
        <Button type="submit" kind="primary" disabled={disabled || isSaving || !isChanged}>
          {text("save")}
        </Button>
      </div>
    </form>
  );
}
