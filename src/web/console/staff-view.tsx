/** Staff: who may log in, with which role, how well each is protected, and invitations. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { AccountView } from "#gateway/http/interface.ts";
import { ViewHead } from "#web/ui/app-frame.tsx";
import { Table } from "#web/ui/collections.tsx";
import { TextField } from "#web/ui/fields.tsx";
import { Figures, Moment } from "#web/ui/figures.tsx";
import { useTexts } from "#web/ui/language.ts";
import { Badge, Card, Notice } from "#web/ui/surfaces.tsx";
import { useClient, useNowMs, useResource } from "./client.ts";
import { Action, Pending } from "./parts.tsx";
import { RoleField } from "./role-field.tsx";
import { Invitation } from "./shown-once.tsx";
import { STAFF_TEXTS } from "./staff-texts.ts";

export const ACCOUNTS = "/v1/gateway/accounts";
const personHref = (name: string) => `#/staff/${encodeURIComponent(name)}`;
/** Fewer are too few to lose one. */
const RECOVERY_FEW = 3;

export function AccountState({ account }: { readonly account: AccountView }): JSX.Element {
  const text = useTexts(STAFF_TEXTS);
  if (account.isInvited) return <Badge tone="warn">{text("invited")}</Badge>;
  return account.isDisabled ? (
    <Badge tone="bad">{text("disabled")}</Badge>
  ) : (
    <Badge tone="good">{text("active")}</Badge>
  );
}

/** One-time codes, passkeys, recovery codes: what of them somebody has. */
export function SecondFactors({ account }: { readonly account: AccountView }): JSX.Element {
  const text = useTexts(STAFF_TEXTS);
  const { isMaker, isInvited, hasTotp, passkeys, recoveryLeft } = account;
  if (isMaker) return <span class="soft">{text("atMaker")}</span>;
  if (isInvited) return <span class="soft">–</span>;
  return (
    <span class="row small">
      {hasTotp && <Badge>{text("oneTimeCodes")}</Badge>}
      {passkeys.length > 0 && (
        <Badge>{text(passkeys.length === 1 ? "onePasskey" : "passkeyCount", { count: passkeys.length })}</Badge>
      )}
      <span class={recoveryLeft < RECOVERY_FEW ? "warn-text" : "soft"}>
        {text(recoveryLeft === 1 ? "oneRecovery" : "recoveryCount", { count: recoveryLeft })}
      </span>
    </span>
  );
}

function Invite({ onInvited }: { onInvited(name: string, code: string): void }): JSX.Element {
  const text = useTexts(STAFF_TEXTS);
  const client = useClient();
  const [name, setName] = useState("");
  const [role, setRole] = useState("support");
  return (
    <Action
      label={text("invite")}
      kind="primary"
      help={
        <div class="stack">
          <TextField label={text("name")} help={text("nameHelp")} maxLength={64} value={name} onInput={setName} />
          <RoleField role={role} onChoose={setRole} />
        </div>
      }
      act={async () => {
        const { code } = await client.post<{ readonly code: string }>(ACCOUNTS, { name: name.trim(), role });
        onInvited(name.trim(), code);
        setName("");
      }}
    />
  );
}

export function StaffPage(): JSX.Element {
  const text = useTexts(STAFF_TEXTS);
  const { self } = useClient();
  const nowMs = useNowMs();
  const { value, error, reload } = useResource<readonly AccountView[]>(ACCOUNTS);
  const [invited, setInvited] = useState<{ readonly name: string; readonly code: string }>();
  const people = value ?? [];
  const active = people.filter(({ isDisabled }) => !isDisabled);
  const admins = active.filter(({ role }) => role === "admin");
  return (
    <>
      <ViewHead title={text("staff")} detail={text("staffHelp")}>
        <Invite
          onInvited={(name, code) => {
            setInvited({ name, code });
            reload();
          }}
        />
      </ViewHead>
      {invited !== undefined && <Invitation {...invited} onDone={() => setInvited(undefined)} />}
      {value !== undefined && admins.length === 1 && <Notice tone="warn" title={text("oneAdmin")} />}
      <Figures
        figures={[
          { title: text("mayLogIn"), value: active.length },
          { title: text("admins"), value: admins.length },
          { title: text("invitedCount"), value: people.filter(({ isInvited }) => isInvited).length, tone: "warn" },
        ]}
      />
      <Card title={text("staff")}>
        {(value === undefined || error !== undefined) && <Pending error={error} />}
        {value !== undefined && (
          <Table
            isWhole
            label={text("staff")}
            empty={text("noStaff")}
            columns={[
              { title: text("name") },
              { title: text("role") },
              { title: text("state") },
              { title: text("secondFactor") },
              { title: text("since") },
            ]}
            rows={[...people]
              .sort((a, b) => a.name.localeCompare(b.name))
              .map((account) => ({
                key: account.name,
                cells: [
                  <span key="name" class="row">
                    <a href={personHref(account.name)}>{account.name}</a>
                    {account.name === self.name && <span class="soft small">{text("you")}</span>}
                  </span>,
                  <Badge key="role">{account.role}</Badge>,
                  <AccountState key="state" account={account} />,
                  <SecondFactors key="factors" account={account} />,
                  <Moment key="since" atMs={account.createdMs} nowMs={nowMs} />,
                ],
              }))}
          />
        )}
      </Card>
    </>
  );
}
