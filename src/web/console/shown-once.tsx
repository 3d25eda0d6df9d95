/** Something that is shown once and kept nowhere: an invitation's code, recovery codes. */
import type { ComponentChildren, JSX } from "preact";
import { Button } from "#web/ui/button.tsx";
import { useTexts } from "#web/ui/language.ts";
import { Notice } from "#web/ui/surfaces.tsx";
import { useClient } from "./client.ts";
import { STAFF_TEXTS } from "./staff-texts.ts";

interface ShownOnceProps {
  readonly title: string;
  /** One a line. */
  readonly secrets: readonly string[];
  readonly children: ComponentChildren;
  onDone(): void;
}

export function ShownOnce({ title, secrets, children, onDone }: ShownOnceProps): JSX.Element {
  const text = useTexts(STAFF_TEXTS);
  const { say } = useClient();
  async function copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(secrets.join("\n"));
      say(text("copied"));
    } catch {
      say(text("notCopied"), true);
    }
  }
  return (
    <Notice tone="warn" title={title}>
      <div>{children}</div>
      <pre class="log secret">{secrets.join("\n")}</pre>
      <div class="row">
        <Button onPress={() => void copy()}>{text("copy")}</Button>
        <Button onPress={onDone}>{text("noted")}</Button>
      </div>
    </Notice>
  );
}

/** What the new person does with their code. */
export function Invitation(props: { readonly name: string; readonly code: string; onDone(): void }): JSX.Element {
  const text = useTexts(STAFF_TEXTS);
  const { issuer } = useClient();
  const address = `${issuer}/welcome`;
  return (
    <ShownOnce title={text("invitationOf", { name: props.name })} secrets={[props.code]} onDone={props.onDone}>
      {text("invitationHelp")}{" "}
      <a href={address} target="_blank" rel="noreferrer">
        {address}
      </a>
    </ShownOnce>
  );
}
