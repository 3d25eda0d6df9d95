/** The console for staff: who is logged in, the views, and the way between them. */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { ConsoleConfig, RolloutStatus, Self } from "#cloud/http/interface.ts";
import { AppFrame } from "#web/ui/app-frame.tsx";
import { Button } from "#web/ui/button.tsx";
import { useLanguage, useTexts } from "#web/ui/language.ts";
import { LanguageChoice, showPage } from "#web/ui/page.tsx";
import { Badge, Card, Notice } from "#web/ui/surfaces.tsx";
import { ToastList, useToasts } from "#web/ui/toasts.tsx";
import { AuditPage } from "./audit-view.tsx";
import { type Client, ClientContext, Refused, useResource } from "./client.ts";
import { CONSOLE_TEXTS } from "./console-texts.ts";
import { FleetPage } from "./fleet-view.tsx";
import { KeysPage } from "./key-view.tsx";
import { ReleasesPage } from "./release-view.tsx";
import { RolloutPage, RolloutsPage } from "./rollout-views.tsx";
import {
  accessToken,
  beginLogin,
  completeConfig,
  finishLogin,
  forget,
  handOver,
  logInAgain,
  logOut,
} from "./session.ts";
import { UnitPage } from "./unit-view.tsx";

type Config = NonNullable<ReturnType<typeof completeConfig>>;

/** How far the login is. */
type Stage =
  | { readonly at: "loading" }
  | { readonly at: "nobody"; readonly problem?: string; readonly isOut?: boolean }
  | { readonly at: "somebody"; readonly self: Self };

async function request<T>(config: Config, path: string, body?: object | Uint8Array<ArrayBuffer>): Promise<T> {
  const token = await accessToken(config);
  if (token === undefined) throw new Refused(401, "");
  const isBytes = body instanceof Uint8Array;
  const type = isBytes ? "application/octet-stream" : "application/json";
  const answer = await fetch(path, {
    method: body === undefined ? "GET" : "POST",
    headers: { authorization: `Bearer ${token}`, ...(body !== undefined && { "content-type": type }) },
    ...(body !== undefined && { body: isBytes ? body : JSON.stringify(body) }),
  }).catch((error: Error) => {
    throw new Refused(0, error.message);
  });
  const told = (await answer.json().catch(() => ({}))) as T & { readonly error?: string; readonly code?: string };
  if (!answer.ok) throw new Refused(answer.status, told.error ?? `HTTP ${answer.status}`, told.code);
  return told;
}

function useHash(): string {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const read = () => setHash(location.hash);
    addEventListener("hashchange", read);
    return () => removeEventListener("hashchange", read);
  }, []);
  return hash;
}

function Console(): JSX.Element {
  const text = useTexts(CONSOLE_TEXTS);
  const [config, setConfig] = useState<Config | null>();
  const [stage, setStage] = useState<Stage>({ at: "loading" });
  const toasts = useToasts();

  useEffect(() => {
    const begin = async () => {
      const read = (await (await fetch("config.json")).json()) as ConsoleConfig;
      const complete = completeConfig(read);
      setConfig(complete ?? null);
      if (complete === undefined || !(await finishLogin(complete))) return setStage({ at: "nobody" });
      setStage({ at: "somebody", self: await request<Self>(complete, "/v1/self") });
    };
    begin().catch((error: Error) => {
      forget();
      setStage({ at: "nobody", problem: error.message });
    });
  }, []);

  const { say } = toasts;
  const client = useMemo<Client | undefined>(() => {
    if (stage.at !== "somebody" || !config) return undefined;
    const ask = async <T,>(path: string, body?: object | Uint8Array<ArrayBuffer>): Promise<T> => {
      try {
        return await request<T>(config, path, body);
      } catch (error) {
        if (error instanceof Refused && error.status === 401) {
          forget();
          setStage({ at: "nobody", isOut: true });
        }
        if (error instanceof Refused && error.status === 0) throw new Refused(0, text("notReached"));
        throw error;
      }
    };
    return { self: stage.self, get: (path) => ask(path), post: ask, logInAgain: () => logInAgain(config), say };
  }, [stage, config, say, text("notReached")]);

  if (client === undefined || !config) {
    return <Welcome config={config} stage={stage} />;
  }
  async function leave(): Promise<void> {
    if (config) await logOut(config);
    setStage({ at: "nobody", isOut: true });
  }
  return (
    <ClientContext.Provider value={client}>
      <Views self={client.self} onLeave={() => void leave()} />
      <ToastList {...toasts} />
    </ClientContext.Provider>
  );
}

function Welcome({
  config,
  stage,
}: {
  readonly config: Config | null | undefined;
  readonly stage: Stage;
}): JSX.Element {
  const text = useTexts(CONSOLE_TEXTS);
  const language = useLanguage();
  const [problem, setProblem] = useState(stage.at === "nobody" ? stage.problem : undefined);
  useEffect(() => setProblem(stage.at === "nobody" ? stage.problem : undefined), [stage]);
  return (
    <main class="welcome">
      <h1>{text("title")}</h1>
      {problem !== undefined && (
        <Notice tone="bad" title={text("loginFailed")}>
          <span>{problem}</span>
        </Notice>
      )}
      {stage.at === "nobody" && stage.isOut && (
        <Notice title={text("loggedOut")}>
          <span>{text("loggedOutHelp")}</span>
        </Notice>
      )}
      <Entrance config={config} isLoading={stage.at === "loading"} setProblem={setProblem} />
      <LanguageChoice language={language} />
    </main>
  );
}

function Entrance(props: {
  readonly config: Config | null | undefined;
  readonly isLoading: boolean;
  setProblem(problem: string): void;
}): JSX.Element {
  const text = useTexts(CONSOLE_TEXTS);
  const { config, isLoading, setProblem } = props;
  if (config === undefined || isLoading) return <p class="soft">{text("loading")}</p>;
  if (config === null) {
    return (
      <Notice tone="warn" title={text("noIssuer")}>
        <span>{text("noIssuerHelp")}</span>
      </Notice>
    );
  }
  if (location.origin !== config.audience) {
    const address = `${config.audience}/console/`;
    return (
      <Notice tone="warn" title={text("elsewhere")}>
        <a href={address}>{address}</a>
      </Notice>
    );
  }
  if (!isSecureContext) {
    return (
      <Notice tone="warn" title={text("insecure")}>
        <span>{text("insecureHelp")}</span>
      </Notice>
    );
  }
  return (
    <Card title={new URL(config.audience).host}>
      <p class="soft">{text("logInHelp", { host: new URL(config.issuer).host })}</p>
      <Button kind="primary" onPress={() => void beginLogin(config).catch((error: Error) => setProblem(error.message))}>
        {text("logIn")}
      </Button>
    </Card>
  );
}

const SECTIONS = ["fleet", "rollouts", "releases", "keys", "audit"] as const;
type Section = (typeof SECTIONS)[number];

function Views({ self, onLeave }: { readonly self: Self; onLeave(): void }): JSX.Element {
  const text = useTexts(CONSOLE_TEXTS);
  const language = useLanguage();
  const [path = "", query = ""] = useHash().replace(/^#\/?/, "").split("?");
  const [head = "", name] = path.split("/");
  const section: Section = head === "units" ? "fleet" : (SECTIONS.find((each) => each === head) ?? "fleet");
  const halted = useHalted();
  const title = text(section);
  useEffect(() => {
    document.title = `${title} · Latchkey`;
    scrollTo(0, 0);
  }, [title, path]);
  return (
    <AppFrame
      brand="Latchkey"
      place={location.host}
      items={SECTIONS.map((each) => ({
        href: `#/${each}`,
        title: text(each),
        isCurrent: each === section,
        ...(each === "rollouts" && { count: halted }),
      }))}
      aside={
        <>
          <span class="row">
            <strong class="small">{self.name}</strong>
            <Badge>{self.role}</Badge>
          </span>
          <LanguageChoice language={language} />
          <Button kind="quiet" onPress={onLeave}>
            {text("logOut")}
          </Button>
        </>
      }
    >
      {viewOf(section, name === undefined ? undefined : decoded(name), query)}
    </AppFrame>
  );
}

/** Rollouts that wait for somebody. */
function useHalted(): number {
  const { value } = useResource<{ readonly rollouts: readonly RolloutStatus[] }>("/v1/status", 5_000);
  return (value?.rollouts ?? []).filter(({ rollout }) => rollout.state === "halted").length;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function viewOf(section: Section, name: string | undefined, query: string): ComponentChildren {
  if (section === "fleet") {
    return name === undefined ? (
      <FleetPage key={query} query={new URLSearchParams(query)} />
    ) : (
      <UnitPage key={name} id={name} />
    );
  }
  if (section === "rollouts") return name === undefined ? <RolloutsPage /> : <RolloutPage key={name} id={name} />;
  if (section === "releases") return <ReleasesPage />;
  return section === "keys" ? <KeysPage /> : <AuditPage />;
}

if (!handOver()) showPage(Console);
