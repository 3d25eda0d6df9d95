/** Evaluates expressions within the unit. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Button } from "#web/ui/button.tsx";
import { useTexts } from "#web/ui/language.ts";
import { ValueField } from "#web/ui/value-field.tsx";
import { valueText } from "#web/ui/value-text.ts";
import { request } from "./dev-client.ts";
import { DEV_TEXTS } from "./dev-texts.ts";

interface Turn {
  readonly key: number;
  readonly text: string;
  readonly answer: string;
}

/** Turns of this page, also while another tab is open. */
let turns: readonly Turn[] = [];

export function ConsolePanel({ isPowered }: { readonly isPowered: boolean }): JSX.Element {
  const text = useTexts(DEV_TEXTS);
  const [input, setInput] = useState("");
  const [, redraw] = useState(0);
  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    if (input.trim() === "") return;
    const asked = input;
    setInput("");
    const reply = await request("evaluate", { text: asked });
    const answer = "error" in reply ? reply.error : valueText(reply.answer, undefined, "en");
    turns = [{ key: turns.length, text: asked, answer }, ...turns].slice(0, 50);
    redraw(turns.length + Math.random());
  }
  return (
    <div class="stack">
      <form class="stack" onSubmit={submit}>
        <ValueField
          title={text("expression")}
          help={text("expressionHelp")}
          schema={{ type: "text" }}
          input={input}
          disabled={!isPowered}
          onInput={(typed) => setInput(String(typed))}
        />
        <div>
          <Button type="submit" disabled={!isPowered}>
            {text("evaluate")}
          </Button>
        </div>
      </form>
      <output class="stack" aria-live="polite">
        {turns.map(({ key, text: asked, answer }) => (
          <pre class="log" key={key}>
            {`> ${asked}\n${answer}`}
          </pre>
        ))}
      </output>
    </div>
  );
}
