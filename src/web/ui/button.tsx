/** Buttons: pressed once, or held for as long as a person holds them. */
import type { ComponentChildren, JSX } from "preact";
import { useRef, useState } from "preact/hooks";

interface ButtonProps {
  readonly children: ComponentChildren;
  readonly kind?: "primary" | "danger" | "quiet";
  readonly type?: "button" | "submit";
  readonly disabled?: boolean;
  /** What it is called where its content is no text. */
  readonly label?: string;
  onPress?(): void;
}

export function Button({
  children,
  kind,
  type = "button",
  disabled = false,
  label,
  onPress,
}: ButtonProps): JSX.Element {
  return (
    <button
      type={type}
      class={`button ${kind ?? ""}`}
      disabled={disabled}
      aria-label={label}
      onClick={() => onPress?.()}
    >
      {children}
    </button>
  );
}

/** A button that tells when it is pressed and when it is released: by pointer, touch, space bar or Enter. */
export function HoldButton({
  children,
  disabled = false,
  onHold,
}: {
  readonly children: ComponentChildren;
  readonly disabled?: boolean;
  onHold(isDown: boolean): void;
}): JSX.Element {
  const [isDown, setDown] = useState(false);
  const isHeld = useRef(false);
  const hold = (down: boolean) => {
    if (isHeld.current === down) return;
    isHeld.current = down;
    setDown(down);
    onHold(down);
  };
  const isKey = ({ key }: KeyboardEvent) => key === " " || key === "Enter";
  return (
    <button
      type="button"
      class="button"
      disabled={disabled}
      data-pressed={isDown}
      aria-pressed={isDown}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        hold(true);
      }}
      onPointerUp={() => hold(false)}
      onPointerCancel={() => hold(false)}
      onKeyDown={(event) => {
        if (!isKey(event)) return;
        event.preventDefault();
        hold(true);
      }}
      onKeyUp={(event) => isKey(event) && hold(false)}
      onBlur={() => hold(false)}
      onContextMenu={(event) => event.preventDefault()}
    >
      {children}
    </button>
  );
}
