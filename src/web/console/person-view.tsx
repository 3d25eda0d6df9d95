/** One of the staff: role, second factors, tokens, what they did; and how that is changed or ended. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { AccountView } from "#gateway/http/interface.ts";
import { ViewHead } from "#web/ui/app-frame.tsx";
import { Facts, Moment } from "#web/ui/figures.tsx";
import { useTexts } from "#web/ui/language.ts";
import { Badge, Card } from "#web/ui/surfaces.tsx";
import { useClient, useNowMs, useResource } from "./client.ts";
import { JournalTable } from "./journal-view.tsx";
import { Action, Pending } from "./parts.tsx";
import { RoleField } from "./role-field.tsx";
import { Invitation } from "./shown-once.tsx";
import { STAFF_TEXTS } from "./staff-texts.ts";
import { ACCOUNTS, AccountState, SecondFactors } from "./staff-view.tsx";
import { TokenTable } from "./token-view.tsx";

export function PersonPage({ name }: { readonly name: string }): JSX.Element {
  const text = useTexts(STAFF_TEXTS);
  const { self } = useClient();
  const nowMs = useNowMs();
  const { value, error, reload } = useResource<readonly AccountView[]>(ACCOUNTS);
  const [code, setCode] = useState<string>();
  const account = value?.find((each) => each.name === name);
  const back = { href: "#/staff", title: text("staff") };
  if (account === undefined) {
    return (
      <>
        <ViewHead title={name} back={back} />
        {value === undefined ? <Pending error={error} /> : <p class="soft">{text("noPerson", { name })}</p>}
      </>
    );
  }
  const isSelf = name === self.name;
  return (
    <>
      <ViewHead
        title={name}
        back={back}
        detail={
          <>
            <Badge>{account.role}</Badge>
            <AccountState account={account} />
          </>
        }
      >
        {!isSelf && <Steering account={account} reload={reload} onInvited={setCode} />}
      </ViewHead>
      {isSelf && <p class="soft small">{text("notOwn")}</p>}
      {error !== undefined && <Pending error={error} />}
      {code !== undefined && <Invitation name={name} code={code} onDone={() => setCode(undefined)} />}
      <Card title={text("person")}>
        <Facts
          facts={[
            { name: text("role"), value: account.role },
            { name: text("since"), value: <Moment atMs={account.createdMs} nowMs={nowMs} /> },
            { name: text("secondFactor"), value: <SecondFactors account={account} /> },
            ...account.passkeys.map(({ label, createdMs }) => ({
              name: text("passkey"),
              value: (
                <>
                  {label}, <Moment atMs={createdMs} nowMs={nowMs} />
                </>
              ),
            })),
          ]}
        />
      </Card>
      <Card title={text("tokens")}>
        <TokenTable account={name} />
      </Card>
      <Card title={text("whatTheyDid")}>
        <JournalTable who={name} />
      </Card>
    </>
  );
}

interface SteeringProps {
  readonly account: AccountView;
  reload(): void;
  onInvited(code: string): void;
}

function Steering({ account: { name, role, isDisabled, isInvited, isMaker }, reload, onInvited }: SteeringProps) {
  const text = useTexts(STAFF_TEXTS);
  const client = useClient();
  const [chosen, setChosen] = useState<string>();
  const path = `${ACCOUNTS}/${encodeURIComponent(name)}`;
  const change = (body: object) => async () => {
    await client.put(path, body);
    client.say(text("changed", { name }));
    setChosen(undefined);
    reload();
  };
  return (
    <>
      <Action
        label={text("changeRole")}
        help={
          <div class="stack">
            <p>{text("changeRoleHelp")}</p>
            <RoleField role={chosen ?? role} onChoose={setChosen} />
          </div>
        }
        act={change({ role: chosen ?? role })}
      />
      {!isMaker && (
        <Action
          label={text("inviteAgain")}
          help={text(isInvited ? "inviteAgainHelp" : "resetHelp")}
          act={async () => {
            const { code } = await client.post<{ readonly code: string }>(`${path}/invitation`, {});
            onInvited(code);
            reload();
          }}
        />
      )}
      {!isInvited &&
        (isDisabled ? (
          <Action label={text("enable")} help={text("enableHelp")} act={change({ disabled: false })} />
        ) : (
          <Action label={text("disable")} kind="danger" help={text("disableHelp")} act={change({ disabled: true })} />
        ))}
      <Action
        label={text("remove")}
        kind="danger"
        help={text("removeHelp", { name })}
        act={async () => {
          await client.remove(path);
          client.say(text("removed", { name }));
          location.hash = "#/staff";
        }}
      />
    </>
  );
}
