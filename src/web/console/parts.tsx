/** Pieces that several views of the console share. */
import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import type { AttemptState, DeviceSummary, RolloutDevice, RolloutStatus } from "#cloud/http/interface.ts";
import { Button } from "#web/ui/button.tsx";
import { Dialog } from "#web/ui/dialog.tsx";
import { TextField } from "#web/ui/fields.tsx";
import { Moment } from "#web/ui/figures.tsx";
import { useTexts } from "#web/ui/language.ts";
import { Badge, Notice, type Tone } from "#web/ui/surfaces.tsx";
import { Refused, useClient } from "./client.ts";
import { CONSOLE_TEXTS } from "./console-texts.ts";
import { FAULT_TEXTS, isKnownFault } from "./fault-texts.ts";

export const unitHref = (id: string) => `#/units/${id}`;
export const rolloutHref = (id: string) => `#/rollouts/${encodeURIComponent(id)}`;

export function UnitCell({ unit }: { readonly unit: Pick<DeviceSummary, "id" | "name"> }): JSX.Element {
  return (
    <span class="main-cell">
      <a href={unitHref(unit.id)} class={unit.name === "" ? "mono" : ""}>
        {unit.name === "" ? unit.id : unit.name}
      </a>
      {unit.name !== "" && <span class="mono soft small">{unit.id}</span>}
    </span>
  );
}

export function Heard({
  unit,
  nowMs,
}: {
  readonly unit: Pick<DeviceSummary, "online" | "heardMs">;
  readonly nowMs: number;
}) {
  const text = useTexts(CONSOLE_TEXTS);
  if (unit.online) return <Badge tone="good">{text("online")}</Badge>;
  return <span class="soft">{unit.heardMs === 0 ? text("never") : <Moment atMs={unit.heardMs} nowMs={nowMs} />}</span>;
}

export function ReleaseNumber({ sequence }: { readonly sequence: number }): JSX.Element {
  const text = useTexts(CONSOLE_TEXTS);
  return sequence === 0 ? <span class="soft">{text("factory")}</span> : <span class="numbers">{sequence}</span>;
}

export const STATE_KEYS = {
  waiting: "stateWaiting",
  offered: "stateOffered",
  fetching: "stateFetching",
  trial: "stateTrial",
  "rolled-back": "stateRolledBack",
  confirmed: "stateConfirmed",
  rejected: "stateRejected",
  refused: "stateRefused",
  superseded: "stateSuperseded",
} as const;
const STATE_TONES: Partial<Record<RolloutDevice["state"], Tone>> = {
  fetching: "warn",
  trial: "warn",
  "rolled-back": "warn",
  confirmed: "good",
  rejected: "bad",
  refused: "bad",
};

/** The field of a form in which a unit's name is changed. */
export function NameField({
  help,
  value,
  onInput,
}: {
  readonly help: string;
  readonly value: string;
  onInput(name: string): void;
}): JSX.Element {
  const text = useTexts(CONSOLE_TEXTS);
  return <TextField label={text("name")} help={help} maxLength={64} value={value} onInput={onInput} />;
}

export function AttemptBadge({ state }: { readonly state: AttemptState | RolloutDevice["state"] }): JSX.Element {
  const text = useTexts(CONSOLE_TEXTS);
  return <Badge tone={STATE_TONES[state]}>{text(STATE_KEYS[state])}</Badge>;
}

const ROLLOUT_TONES = { running: "good", halted: "bad", cancelled: undefined } as const;

export function RolloutBadge({ status: { rollout } }: { readonly status: RolloutStatus }): JSX.Element {
  const text = useTexts(CONSOLE_TEXTS);
  return <Badge tone={ROLLOUT_TONES[rollout.state]}>{text(rollout.state)}</Badge>;
}

/** A reason by its name, with what it means. */
export function Fault({ fault, isLong = false }: { readonly fault: string; readonly isLong?: boolean }): JSX.Element {
  const text = useTexts(FAULT_TEXTS);
  const meaning = isKnownFault(fault) ? text(fault) : undefined;
  return (
    <span class="main-cell" title={isLong ? undefined : meaning}>
      <span class="mono">{fault}</span>
      {isLong && meaning !== undefined && <span class="soft small">{meaning}</span>}
    </span>
  );
}

/** What stands in place of a value that is not there yet, or did not come. */
export function Pending({ error }: { readonly error: string | undefined }): JSX.Element {
  const text = useTexts(CONSOLE_TEXTS);
  return error === undefined ? <p class="soft">{text("loading")}</p> : <Notice tone="bad" title={error} />;
}

interface ActionProps {
  readonly label: string;
  readonly kind?: "primary" | "danger" | "quiet";
  readonly disabled?: boolean;
  /** What it does, in the dialog that asks whether to do it. */
  readonly help: ComponentChildren;
  /** Whether the dialog asks why. */
  readonly asksWhy?: boolean;
  /** Does it. Whatever it throws is shown. */
  act(because: string): Promise<void>;
}

/** A button with a dialog that asks first; for what needs it, it then asks for the second factor and does it all the same. */
export function Action({ label, kind, disabled = false, help, asksWhy = false, act }: ActionProps): JSX.Element {
  const text = useTexts(CONSOLE_TEXTS);
  const client = useClient();
  const [step, setStep] = useState<"closed" | "asks" | "fresh">("closed");
  const [because, setBecause] = useState("");
  const [isBusy, setBusy] = useState(false);

  async function perform(isFresh: boolean): Promise<void> {
    setBusy(true);
    try {
      if (isFresh) await client.logInAgain();
      await act(because);
      setStep("closed");
      setBecause("");
    } catch (error) {
      if (error instanceof Refused && error.code === "fresh_login" && !isFresh) setStep("fresh");
      else {
        setStep("closed");
        client.say((error as Error).message, true);
      }
    } finally {
      setBusy(false);
    }
  }

  return (
    <>
      <Button disabled={disabled || isBusy} onPress={() => setStep("asks")} {...(kind && { kind })}>
        {label}
      </Button>
      <Dialog
        title={label}
        isOpen={step === "asks"}
        action={label}
        isDanger={kind === "danger"}
        onAction={() => void perform(false)}
        onClose={() => setStep((now) => (now === "asks" && !isBusy ? "closed" : now))}
      >
        <div class="stack">
          <div>{help}</div>
          {asksWhy && (
            <TextField
              label={text("because")}
              help={text("becauseHelp")}
              value={because}
              maxLength={200}
              onInput={setBecause}
            />
          )}
        </div>
      </Dialog>
      <Dialog
        title={text("fresh")}
        isOpen={step === "fresh"}
        action={text("freshAction")}
        onAction={() => void perform(true)}
        onClose={() => setStep((now) => (now === "fresh" && !isBusy ? "closed" : now))}
      >
        <p>{text("freshHelp")}</p>
      </Dialog>
    </>
  );
}
