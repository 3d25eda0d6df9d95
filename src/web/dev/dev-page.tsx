/** The development page: one unit, everything that it has, and what a maker does with it. */
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { Button, HoldButton } from "#web/ui/button.tsx";
import { Table } from "#web/ui/collections.tsx";
import { useLanguage, useTexts } from "#web/ui/language.ts";
import { LanguageChoice, PageFrame, showPage } from "#web/ui/page.tsx";
import { Badge, Card, Notice, type Tone } from "#web/ui/surfaces.tsx";
import { SwitchRow } from "#web/ui/switch.tsx";
import { Tabs } from "#web/ui/tabs.tsx";
import { ToastList, useToasts } from "#web/ui/toasts.tsx";
import { valueText } from "#web/ui/value-text.ts";
import { type CardProps, FunctionCard, MemoryCard, SettingsCard, useNowMs, VariableCard } from "./dev-cards.tsx";
import { request, type Shown, useShown } from "./dev-client.ts";
import { ConsolePanel } from "./dev-console.tsx";
import { DEV_TEXTS } from "./dev-texts.ts";
import type { Phase, Trouble } from "./interface.ts";
import { SignalCard } from "./signal-card.tsx";
import { TimeCard } from "./time-card.tsx";

const TONES: Readonly<Record<Phase, Tone | undefined>> = {
  running: "good",
  building: "warn",
  starting: "warn",
  stopped: "bad",
  off: undefined,
};

function DevPage(): JSX.Element {
  const text = useTexts(DEV_TEXTS);
  const language = useLanguage();
  const shown = useShown();
  const { toasts, say, drop } = useToasts();
  const nowMs = useNowMs();
  const { state, access } = shown;
  const languages = <LanguageChoice language={language} />;
  if (access === "refused" || state === undefined) {
    const isRefused = access === "refused";
    return (
      <PageFrame title="latchkey dev" aside={languages}>
        <Notice title={text(isRefused ? "noToken" : "waiting")}>{isRefused ? text("noTokenHelp") : undefined}</Notice>
      </PageFrame>
    );
  }
  const props: CardProps = {
    ...{ state, samples: shown.samples, nowMs },
    report: (reply) => "error" in reply && say(reply.error, true),
  };
  const { phase, product, board, app, reloadMs } = state;
  const detail = [
    `${app} ${text("onBoard", { board })}`,
    ...(reloadMs === null ? [] : [text("reloaded", { ms: reloadMs })]),
  ];
  return (
    <PageFrame
      title={product}
      detail={detail.join(" · ")}
      aside={
        <>
          <span role="status" data-phase={phase} data-starts={state.starts}>
            {access === "lost" ? (
              <Badge tone="bad">{text("disconnected")}</Badge>
            ) : (
              <Badge tone={TONES[phase]}>{text(phase)}</Badge>
            )}
          </span>
          {languages}
        </>
      }
    >
      {state.troubles.map((trouble) => (
        <TroubleNotice key={`${trouble.place} ${trouble.text}`} trouble={trouble} />
      ))}
      <div class="columns">
        <div class="stack">
          <DeviceCard {...props} />
          <SignalCard {...props} />
        </div>
        <div class="stack">
          <FunctionCard {...props} />
          <SettingsCard {...props} />
          <TimeCard {...props} say={say} />
        </div>
        <div class="stack">
          <VariableCard {...props} />
          <MemoryCard {...props} />
        </div>
      </div>
      <Activity shown={shown} />
      <ToastList toasts={toasts} drop={drop} />
    </PageFrame>
  );
}

function TroubleNotice({ trouble: { kind, place, source, text: what } }: { readonly trouble: Trouble }): JSX.Element {
  const text = useTexts(DEV_TEXTS);
  return (
    <Notice tone={kind === "types" ? "warn" : "bad"} title={text(kind)}>
      {place !== undefined && <code data-place={place}>{place}</code>}
      <pre>{source === undefined ? what : `${source}\n${what}`}</pre>
    </Notice>
  );
}

function DeviceCard({ state, report }: CardProps): JSX.Element {
  const text = useTexts(DEV_TEXTS);
  const { isPowered, isOnNetwork, canPress } = state;
  const downAtMs = useRef(0);
  async function hold(isDown: boolean): Promise<void> {
    if (isDown) downAtMs.current = performance.now();
    else report(await request("button", { heldMs: Math.round(performance.now() - downAtMs.current) }));
  }
  return (
    <Card
      title={text("device")}
      aside={<Button onPress={async () => report(await request("restart", {}))}>{text("restart")}</Button>}
    >
      <div>
        <SwitchRow
          label={text("power")}
          isOn={isPowered}
          onSwitch={async (isOn) => report(await request("power", { isOn }))}
        />
        <SwitchRow
          label={text("network")}
          isOn={isOnNetwork}
          onSwitch={async (isOn) => report(await request("network", { isOn }))}
        />
        <div class="switch-row">
          <span>{text("button")}</span>
          <HoldButton disabled={!isPowered || !canPress} onHold={hold}>
            {text("hold")}
          </HoldButton>
        </div>
        {!canPress && <p class="soft small">{text("noButton")}</p>}
      </div>
    </Card>
  );
}

function Activity({ shown: { log, raised, state } }: { readonly shown: Shown }): JSX.Element {
  const text = useTexts(DEV_TEXTS);
  const language = useLanguage();
  const time = (atMs: number) => new Date(atMs).toLocaleTimeString(language);
  return (
    <Card title={text("activity")}>
      <Tabs
        label={text("activity")}
        tabs={[
          {
            key: "log",
            title: text("log"),
            content: () =>
              log.length === 0 ? (
                <p class="soft small">{text("noLog")}</p>
              ) : (
                // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard (WCAG 2.1.1)
                <pre class="log" role="log" tabIndex={0} aria-label={text("log")}>
                  {[...log].reverse().map(({ number, atMs, text: line }) => (
                    <div key={number}>
                      <span class="soft">{time(atMs)}</span> {line}
                    </div>
                  ))}
                </pre>
              ),
          },
          {
            key: "events",
            title: text("events"),
            content: () => (
              <Table
                label={text("events")}
                empty={text("noEvents")}
                columns={[{ title: text("when") }, { title: text("event") }, { title: text("value") }]}
                rows={[...raised].reverse().map(({ number, atMs, name, value }) => ({
                  key: number,
                  cells: [time(atMs), name, valueText(value, state?.description?.events[name]?.payload, language)],
                }))}
              />
            ),
          },
          {
            key: "console",
            title: text("console"),
            content: () => <ConsolePanel isPowered={state?.isPowered === true} />,
          },
        ]}
      />
    </Card>
  );
}

showPage(DevPage);
