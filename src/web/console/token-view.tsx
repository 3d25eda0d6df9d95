/** Tokens: what each person let programs do in their name, and programs that act in their own. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { TokenView } from "#gateway/http/interface.ts";
import { ViewHead } from "#web/ui/app-frame.tsx";
import { Table } from "#web/ui/collections.tsx";
import { TextField } from "#web/ui/fields.tsx";
import { Moment } from "#web/ui/figures.tsx";
import { useTexts } from "#web/ui/language.ts";
import { Badge, Card } from "#web/ui/surfaces.tsx";
import { hasRole, useClient, useNowMs, useResource } from "./client.ts";
import { Action, Pending } from "./parts.tsx";
import { ProgramsCard } from "./program-card.tsx";
import { STAFF_TEXTS } from "./staff-texts.ts";

const TOKENS = "/v1/gateway/tokens";
/** What lasts for longer than a century lasts for ever. */
const FOR_EVER_MS = 100 * 365 * 86_400_000;

/** The tokens of one login: they end together. */
interface Login extends TokenView {
  readonly count: number;
}

/** One row a login: it lasts as long as its longest token. */
function loginsOf(tokens: readonly TokenView[]): readonly Login[] {
  const logins = new Map<string, Login>();
  for (const token of tokens) {
    const key = token.login === "" ? token.id : `${token.account} ${token.login}`;
    const { count, ...before } = logins.get(key) ?? { count: 0, ...token };
    const longest = before.expiresMs >= token.expiresMs ? before : token;
    const issuedMs = Math.min(before.issuedMs, token.issuedMs);
    logins.set(key, { ...longest, issuedMs, resource: before.resource ?? token.resource, count: count + 1 });
  }
  return [...logins.values()].sort((a, b) => b.issuedMs - a.issuedMs);
}

/** A program by its name; the console's is its address. */
function ClientName({ id }: { readonly id: string }): JSX.Element {
  const text = useTexts(STAFF_TEXTS);
  if (id === "latchkey") return <span>{text("commandLine")}</span>;
  const isConsole = id.endsWith("/console/") && URL.canParse(id);
  return isConsole ? <span>{text("consoleAt", { host: new URL(id).host })}</span> : <span class="mono">{id}</span>;
}

/** @param account Whose alone; everybody's when absent. */
export function TokenTable({ account, search = "" }: { readonly account?: string; readonly search?: string }) {
  const text = useTexts(STAFF_TEXTS);
  const client = useClient();
  const nowMs = useNowMs();
  const { value, error, reload } = useResource<readonly TokenView[]>(TOKENS);
  if (value === undefined || error !== undefined) return <Pending error={error} />;
  const wanted = search.trim().toLowerCase();
  const logins = loginsOf(value.filter((token) => account === undefined || token.account === account)).filter((login) =>
    `${login.account}\n${login.client}\n${login.scope}\n${login.resource ?? ""}`.toLowerCase().includes(wanted),
  );
  const revoke = (login: Login) => async () => {
    await client.remove(`${TOKENS}/${encodeURIComponent(login.account)}/${login.id}`);
    client.say(text("tokenEnded"));
    reload();
  };
  return (
    <Table
      isWhole
      label={text("tokens")}
      empty={text("noTokens")}
      columns={[
        ...(account === undefined ? [{ title: text("person") }] : []),
        { title: text("program") },
        { title: text("mayDo") },
        { title: text("since") },
        { title: text("until") },
        { title: text("actions") },
      ]}
      rows={logins.map((login) => ({
        key: login.id,
        cells: [
          ...(account === undefined ? [login.account] : []),
          <ClientName key="program" id={login.client} />,
          <span key="scope" class="main-cell">
            <span class="mono">{login.scope}</span>
            {login.resource !== null && <span class="soft small">{text("at", { address: login.resource })}</span>}
          </span>,
          <Moment key="since" atMs={login.issuedMs} nowMs={nowMs} />,
          login.expiresMs - nowMs > FOR_EVER_MS ? (
            text("forEver")
          ) : (
            <Moment key="until" atMs={login.expiresMs} nowMs={nowMs} />
          ),
          login.isOwn ? (
            <Badge key="actions">{text("thisOne")}</Badge>
          ) : (
            <Action
              key="actions"
              label={text("revoke")}
              kind="danger"
              help={text("revokeHelp", { account: login.account, client: login.client })}
              act={revoke(login)}
            />
          ),
        ],
      }))}
    />
  );
}

export function TokensPage(): JSX.Element {
  const text = useTexts(STAFF_TEXTS);
  const client = useClient();
  const [search, setSearch] = useState("");
  const isAdmin = hasRole(client, "admin");
  return (
    <>
      <ViewHead title={text("tokens")} detail={text(isAdmin ? "tokensHelp" : "tokensOwn")} />
      <Card title={text("tokens")}>
        <div class="filters">
          <TextField type="search" label={text("searchTokens")} isLabelHidden value={search} onInput={setSearch} />
        </div>
        <TokenTable search={search} />
      </Card>
      <ProgramsCard />
    </>
  );
}
