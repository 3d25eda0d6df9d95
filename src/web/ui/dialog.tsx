/** A dialog: the browser's own, which keeps the focus inside and closes by Escape. */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { Button } from "./button.tsx";
import { useTexts } from "./language.ts";
import { UI_TEXTS } from "./ui-texts.ts";

interface DialogProps {
  readonly title: string;
  readonly isOpen: boolean;
  readonly children: ComponentChildren;
  /** What the button beside "Cancel" says. */
  readonly action: string;
  readonly isDanger?: boolean;
  onAction(): void;
  onClose(): void;
}

export function Dialog({ title, isOpen, children, action, isDanger, onAction, onClose }: DialogProps): JSX.Element {
  const text = useTexts(UI_TEXTS);
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const element = dialog.current;
    if (element === null || element.open === isOpen) return;
    if (isOpen) element.showModal();
    else element.close();
  }, [isOpen]);
  return (
    <dialog class="dialog" ref={dialog} aria-labelledby={id} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onAction();
        }}
      >
        <h2 id={id}>{title}</h2>
        <div>{children}</div>
        <div class="actions">
          <Button onPress={onClose}>{text("cancel")}</Button>
          <Button type="submit" kind={isDanger ? "danger" : "primary"}>
            {action}
          </Button>
        </div>
      </form>
    </dialog>
  );
}
