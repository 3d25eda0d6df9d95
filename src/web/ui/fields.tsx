/** Labelled fields whose value is text, one of several choices, or a file. */
import type { JSX, TargetedInputEvent } from "preact";
import { useId } from "preact/hooks";
import { useTexts } from "./language.ts";
import { UI_TEXTS } from "./ui-texts.ts";

interface TextFieldProps {
  readonly label: string;
  readonly value: string;
  readonly help?: string;
  readonly type?: "text" | "search";
  readonly maxLength?: number;
  /** The label is read out and not shown. */
  readonly isLabelHidden?: boolean;
  onInput(value: string): void;
}

export function TextField(props: TextFieldProps): JSX.Element {
  const { label, value, help, type = "text", maxLength, isLabelHidden = false, onInput } = props;
  const id = useId();
  const common = {
    ...{ class: "input", id, value, maxLength, autocomplete: "off", spellcheck: false },
    placeholder: isLabelHidden ? label : undefined,
    "aria-describedby": help === undefined ? undefined : `${id}-help`,
    onInput: (event: TargetedInputEvent<HTMLInputElement>) => onInput(event.currentTarget.value),
  };
  return (
    <div class="field">
      <label for={id} class={isLabelHidden ? "visually-hidden" : ""}>
        {label}
      </label>
      {type === "search" ? <input type="search" {...common} /> : <input type="text" {...common} />}
      {help !== undefined && (
        <span class="help" id={`${id}-help`}>
          {help}
        </span>
      )}
    </div>
  );
}

interface SelectFieldProps {
  readonly label: string;
  readonly value: string;
  readonly choices: readonly { readonly value: string; readonly title: string }[];
  readonly isLabelHidden?: boolean;
  onChoose(value: string): void;
}

export function SelectField({ label, value, choices, isLabelHidden = false, onChoose }: SelectFieldProps): JSX.Element {
  const id = useId();
  return (
    <div class="field">
      <label for={id} class={isLabelHidden ? "visually-hidden" : ""}>
        {label}
      </label>
      <select class="input" id={id} value={value} onInput={(event) => onChoose(event.currentTarget.value)}>
        {choices.map((choice) => (
          <option key={choice.value} value={choice.value}>
            {choice.title}
          </option>
        ))}
      </select>
    </div>
  );
}

interface FileFieldProps {
  readonly label: string;
  /** File name extensions, as ".release". */
  readonly accept: string;
  readonly file: File | undefined;
  readonly disabled?: boolean;
  onChoose(file: File | undefined): void;
}

export function FileField({ label, accept, file, disabled = false, onChoose }: FileFieldProps): JSX.Element {
  const text = useTexts(UI_TEXTS);
  const id = useId();
  return (
    <div class="field">
      <span class="label" id={id}>
        {label}
      </span>
      <label class="file" data-empty={file === undefined}>
        <input
          type="file"
          class="visually-hidden"
          {...{ accept, disabled }}
          aria-labelledby={id}
          onInput={(event) => onChoose(event.currentTarget.files?.[0])}
        />
        <span>{file?.name ?? text("chooseFile")}</span>
      </label>
    </div>
  );
}
