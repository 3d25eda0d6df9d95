/** The console for staff: who is logged in, and which views they get. */
import type { JSX } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { ConsoleConfig, Self } from "#cloud/http/interface.ts";
import type { GatewayConsoleConfig } from "#gateway/http/interface.ts";
import { Button } from "#web/ui/button.tsx";
import { readEventStream } from "#web/ui/event-stream.ts";
import { useLanguage, useTexts } from "#web/ui/language.ts";
import { LanguageChoice, showPage } from "#web/ui/page.tsx";
import { Card, Notice } from "#web/ui/surfaces.tsx";
import { ToastList, useToasts } from "#web/ui/toasts.tsx";
import { type Body, type Client, ClientContext, Refused } from "./client.ts";
import { CloudViews } from "./cloud-views.tsx";
import { CONSOLE_TEXTS } from "./console-texts.ts";
import { GatewayViews } from "./gateway-views.tsx";
import { ask, type Method } from "./request.ts";
import {
  beginLogin,
  type Config,
  completeConfig,
  finishLogin,
  forget,
  handOver,
  logInAgain,
  logOut,
} from "./session.ts";

/** How far the login is. */
type Stage =
  | { readonly at: "loading" }
  | { readonly at: "nobody"; readonly problem?: string; readonly isOut?: boolean }
  | { readonly at: "somebody"; readonly self: Self };

function Console(): JSX.Element {
  const text = useTexts(CONSOLE_TEXTS);
  const [config, setConfig] = useState<Config | null>();
  const [stage, setStage] = useState<Stage>({ at: "loading" });
  const toasts = useToasts();

  useEffect(() => {
    const begin = async () => {
      const read = (await (await fetch("config.json")).json()) as ConsoleConfig | GatewayConsoleConfig;
      const complete = completeConfig(read);
      setConfig(complete ?? null);
      if (complete === undefined || !(await finishLogin(complete))) return setStage({ at: "nobody" });
      setStage({ at: "somebody", self: (await (await ask(complete, "/v1/self")).json()) as Self });
    };
    begin().catch((error: Error) => {
      forget();
      setStage({ at: "nobody", problem: error.message });
    });
  }, []);

  const { say } = toasts;
  const client = useMemo<Client | undefined>(() => {
    if (stage.at !== "somebody" || !config) return undefined;
    const known = async <T,>(doing: Promise<T>): Promise<T> => {
      try {
        return await doing;
      } catch (error) {
        if (error instanceof Refused && error.status === 401) {
          forget();
          setStage({ at: "nobody", isOut: true });
        }
        if (error instanceof Refused && error.status === 0) throw new Refused(0, text("notReached"));
        throw error;
      }
    };
    const send =
      (method: Method) =>
      <T,>(path: string, body?: Body): Promise<T> =>
        known(ask(config, path, { method, body }).then((answer) => answer.json() as Promise<T>));
    return {
      ...{ self: stage.self, issuer: config.issuer, say },
      ...{ get: send("GET"), post: send("POST"), put: send("PUT"), remove: send("DELETE") },
      async hear(path, signal, see) {
        const { body } = await known(ask(config, path, { signal }));
        if (body !== null) await readEventStream(body, see);
      },
      logInAgain: () => logInAgain(config),
    };
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
      {config.party === "gateway" ? (
        <GatewayViews onLeave={() => void leave()} />
      ) : (
        <CloudViews onLeave={() => void leave()} />
      )}
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

if (!handOver()) showPage(Console);
