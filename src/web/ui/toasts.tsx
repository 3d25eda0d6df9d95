/** Short messages at the edge of the page, which screen readers read out when they come. */
import type { JSX } from "preact";
import { useCallback, useState } from "preact/hooks";
import { Button } from "./button.tsx";
import { useTexts } from "./language.ts";
import { UI_TEXTS } from "./ui-texts.ts";

interface Toast {
  readonly key: number;
  readonly text: string;
  readonly isBad: boolean;
}

/** Good news goes by itself; trouble stays until somebody closes it. */
const SHOWN_MS = 5_000;
const TOASTS_MAX = 4;
let nextKey = 0;

interface Toasts {
  readonly toasts: readonly Toast[];
  say(text: string, isBad?: boolean): void;
  drop(key: number): void;
}

export function useToasts(): Toasts {
  const [toasts, setToasts] = useState<readonly Toast[]>([]);
  const drop = useCallback((key: number) => setToasts((now) => now.filter((toast) => toast.key !== key)), []);
  const say = useCallback(
    (text: string, isBad = false) => {
      const key = nextKey++;
      setToasts((now) => [...now.filter((toast) => toast.text !== text), { key, text, isBad }].slice(-TOASTS_MAX));
      if (!isBad) setTimeout(() => drop(key), SHOWN_MS);
    },
    [drop],
  );
  return { toasts, say, drop };
}

export function ToastList({ toasts, drop }: Pick<Toasts, "toasts" | "drop">): JSX.Element {
  const text = useTexts(UI_TEXTS);
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.map((toast) => (
        <div key={toast.key} class={`toast ${toast.isBad ? "bad" : ""}`}>
          <span>{toast.text}</span>
          <Button kind="quiet" label={text("close")} onPress={() => drop(toast.key)}>
            ✕
          </Button>
        </div>
      ))}
    </div>
  );
}
