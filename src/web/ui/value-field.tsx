/** One value of a schema as a labelled control: switch, slider, list of choices or text. */
import type { JSX, TargetedInputEvent } from "preact";
import { useId } from "preact/hooks";
import type { ValueSchema } from "./described.ts";
import { numberText, useLanguage, useTexts } from "./language.ts";
import { type InputProblem, isSlider } from "./read-input.ts";
import { Switch } from "./switch.tsx";
import { UI_TEXTS } from "./ui-texts.ts";

interface ValueFieldProps {
  readonly title: string;
  readonly help?: string | undefined;
  readonly schema: ValueSchema;
  readonly input: string | boolean;
  readonly problem?: InputProblem | undefined;
  readonly disabled?: boolean;
  onInput(input: string | boolean): void;
}

export function ValueField(props: ValueFieldProps): JSX.Element {
  const { title, help, schema, input, problem, disabled = false, onInput } = props;
  const text = useTexts(UI_TEXTS);
  const language = useLanguage();
  const id = useId();
  const { min, max, unit } = schema;
  const range =
    min === undefined || max === undefined
      ? undefined
      : text("range", { min: numberText(min, language), max: numberText(max, language) });
  const hint = help ?? (schema.type === "bytes" ? text("hexHelp") : isSlider(schema) ? undefined : range);
  const described = [problem && `${id}-problem`, hint && `${id}-help`].filter(Boolean).join(" ") || undefined;
  const common = {
    ...{ id, disabled, "aria-invalid": problem === undefined ? undefined : true, "aria-describedby": described },
  };
  const read = (event: TargetedInputEvent<HTMLInputElement | HTMLSelectElement>) => onInput(event.currentTarget.value);
  if (schema.type === "bool") {
    return (
      <div class="field">
        <div class="switch-row">
          <span id={id}>{title}</span>
          <Switch labelledBy={id} isOn={input === true} disabled={disabled} onSwitch={onInput} />
        </div>
        <Below id={id} hint={hint} problem={problem} />
      </div>
    );
  }
  const isNumber = schema.type === "int" || schema.type === "number";
  const step = schema.step ?? (schema.type === "int" ? 1 : "any");
  return (
    <div class="field">
      <label for={id}>
        {title} {unit !== undefined && <span class="unit">({unit})</span>}
      </label>
      {schema.type === "choice" ? (
        <select class="input" {...common} value={String(input)} onInput={read}>
          {(schema.choices ?? []).map((choice) => (
            <option key={choice} value={choice}>
              {choice}
            </option>
          ))}
        </select>
      ) : isSlider(schema) ? (
        <div class="slider">
          <input
            type="range"
            aria-label={title}
            min={min}
            max={max}
            step={step === "any" ? ((max ?? 1) - (min ?? 0)) / 200 : step}
            value={String(input)}
            disabled={disabled}
            onInput={read}
          />
          <input
            class="input numbers"
            inputMode="decimal"
            autocomplete="off"
            {...common}
            value={String(input)}
            onInput={read}
          />
        </div>
      ) : (
        <input
          class="input"
          autocomplete="off"
          spellcheck={false}
          {...(isNumber ? { inputMode: "decimal" as const } : {})}
          {...common}
          value={String(input)}
          onInput={read}
        />
      )}
      <Below id={id} hint={hint} problem={problem} />
    </div>
  );
}

function Below({
  id,
  hint,
  problem,
}: {
  readonly id: string;
  readonly hint: string | undefined;
  readonly problem: InputProblem | undefined;
}): JSX.Element {
  const text = useTexts(UI_TEXTS);
  return (
    <>
      {hint !== undefined && (
        <span class="help" id={`${id}-help`}>
          {hint}
        </span>
      )}
      {problem !== undefined && (
        <span class="problem" id={`${id}-problem`}>
          {text(problem.key, problem.values)}
        </span>
      )}
    </>
  );
}
