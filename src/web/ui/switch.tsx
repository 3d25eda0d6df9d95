/** A switch between on and off. */
import type { JSX } from "preact";
import { useId } from "preact/hooks";

interface SwitchProps {
  readonly label: string;
  readonly isOn: boolean;
  readonly disabled?: boolean;
  onSwitch(isOn: boolean): void;
}

/** The switch with its label at the other end of the row. */
export function SwitchRow({ label, isOn, disabled = false, onSwitch }: SwitchProps): JSX.Element {
  const id = useId();
  return (
    <div class="switch-row">
      <span id={id}>{label}</span>
      <Switch labelledBy={id} isOn={isOn} disabled={disabled} onSwitch={onSwitch} />
    </div>
  );
}

/** The switch alone: whatever names it stands elsewhere. */
export function Switch({
  labelledBy,
  isOn,
  disabled = false,
  onSwitch,
}: Omit<SwitchProps, "label"> & { readonly labelledBy: string }): JSX.Element {
  return (
    <button
      type="button"
      role="switch"
      class="switch"
      aria-checked={isOn}
      aria-labelledby={labelledBy}
      disabled={disabled}
      onClick={() => onSwitch(!isOn)}
    />
  );
}
