/** What the unit knows of the time, and the ways to tell it. */
import type { JSX } from "preact";
import { useId, useState } from "preact/hooks";
import { Button } from "#web/ui/button.tsx";
import { useTexts } from "#web/ui/language.ts";
import { Card } from "#web/ui/surfaces.tsx";
import type { CardProps } from "./dev-cards.tsx";
import { request } from "./dev-client.ts";
import { DEV_TEXTS } from "./dev-texts.ts";

export function TimeCard({ state, report, say }: CardProps & { say(text: string): void }): JSX.Element {
  const text = useTexts(DEV_TEXTS);
  const [other, setOther] = useState("");
  const id = useId();
  async function tell(atMs: number): Promise<void> {
    const reply = await request("time", { atS: Math.floor(atMs / 1000) });
    report(reply);
    if (!("error" in reply)) say(text("told"));
  }
  return (
    <Card title={text("time")}>
      <div class="row apart">
        <span>{text("grade")}</span>
        <span class="badge">{state.timeGrade ?? "–"}</span>
      </div>
      <div class="row">
        <Button disabled={!state.isLinked} onPress={() => void tell(Date.now())}>
          {text("tellNow")}
        </Button>
      </div>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          const atMs = new Date(other).getTime();
          if (Number.isFinite(atMs)) void tell(atMs);
        }}
      >
        <div class="field">
          <label for={id}>{text("otherTime")}</label>
          <input
            id={id}
            class="input"
            type="datetime-local"
            value={other}
            onInput={(event) => setOther(event.currentTarget.value)}
          />
        </div>
        <div>
          <Button type="submit" disabled={!state.isLinked || other === ""}>
            {text("tellOther")}
          </Button>
        </div>
      </form>
    </Card>
  );
}
