/** One's own account: second factors, recovery codes, tokens, and what one did. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Self } from "#cloud/http/interface.ts";
import type { AccountView } from "#gateway/http/interface.ts";
import { ViewHead } from "#web/ui/app-frame.tsx";
import { Table } from "#web/ui/collections.tsx";
import { Facts, Moment } from "#web/ui/figures.tsx";
import { useTexts } from "#web/ui/language.ts";
import { Badge, Card } from "#web/ui/surfaces.tsx";
import { useClient, useNowMs, useResource } from "./client.ts";
import { Action, Pending } from "./parts.tsx";
import { ShownOnce } from "./shown-once.tsx";
import { STAFF_TEXTS } from "./staff-texts.ts";
import { TokenTable } from "./token-view.tsx";

const OWN = "/v1/gateway/account";

export function AccountPage(): JSX.Element {
  const text = useTexts(STAFF_TEXTS);
  const client = useClient();
  const nowMs = useNowMs();
  const { value: account, error, reload } = useResource<AccountView>(OWN);
  const { value: self } = useResource<Self>("/v1/self");
  const [recovery, setRecovery] = useState<readonly string[]>();
  if (account === undefined) {
    return (
      <>
        <ViewHead title={text("account")} />
        <Pending error={error} />
      </>
    );
  }
  const { authenticatedMs } = self ?? client.self;
  async function renew(): Promise<void> {
    setRecovery((await client.post<{ readonly recovery: readonly string[] }>(`${OWN}/recovery`, {})).recovery);
    reload();
  }
  return (
    <>
      <ViewHead title={text("account")} detail={<Badge>{account.role}</Badge>} />
      {error !== undefined && <Pending error={error} />}
      {recovery !== undefined && (
        <ShownOnce title={text("recoveryTitle")} secrets={recovery} onDone={() => setRecovery(undefined)}>
          {text("recoveryHelp")}
        </ShownOnce>
      )}
      <Card title={account.name}>
        <Facts
          facts={[
            { name: text("role"), value: account.role },
            { name: text("since"), value: <Moment atMs={account.createdMs} nowMs={nowMs} /> },
            {
              name: text("loggedInAt"),
              value: authenticatedMs === undefined ? "–" : <Moment atMs={authenticatedMs} nowMs={nowMs} />,
            },
          ]}
        />
      </Card>
      {account.isMaker ? (
        <p class="soft">{text("atMakerHelp")}</p>
      ) : (
        <>
          <Card
            title={text("oneTimeCodes")}
            aside={<Action label={text("newRecovery")} help={text("newRecoveryHelp")} act={renew} />}
          >
            <p class="small">
              {text(account.recoveryLeft === 1 ? "oneRecovery" : "recoveryCount", { count: account.recoveryLeft })}
            </p>
            <p class="soft small">{text("newPhoneHelp")}</p>
          </Card>
          <Passkeys account={account} reload={reload} />
        </>
      )}
      <Card title={text("tokens")}>
        <TokenTable account={account.name} />
      </Card>
    </>
  );
}

function Passkeys({ account, reload }: { readonly account: AccountView; reload(): void }): JSX.Element {
  const text = useTexts(STAFF_TEXTS);
  const client = useClient();
  const nowMs = useNowMs();
  const remove = (id: string) => async () => {
    await client.remove(`${OWN}/passkeys/${encodeURIComponent(id)}`);
    client.say(text("passkeyRemoved"));
    reload();
  };
  return (
    <Card title={text("passkeys")}>
      <Table
        isWhole
        label={text("passkeys")}
        empty={text("noPasskeys")}
        columns={[{ title: text("name") }, { title: text("since") }, { title: text("actions") }]}
        rows={account.passkeys.map(({ id, label, createdMs }) => ({
          key: id,
          cells: [
            label,
            <Moment key="since" atMs={createdMs} nowMs={nowMs} />,
            <Action
              key="actions"
              label={text("remove")}
              kind="danger"
              help={text("removePasskeyHelp", { label })}
              act={remove(id)}
            />,
          ],
        }))}
      />
      <p class="soft small">
        {text("addPasskeyHelp")}{" "}
        <a href={`${client.issuer}/account`} target="_blank" rel="noreferrer">
          {text("addPasskey")}
        </a>
      </p>
    </Card>
  );
}
