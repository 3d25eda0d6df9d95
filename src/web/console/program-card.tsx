/** Programs that act in their own name, as a build server does, and clouds that take this gateway's accounts. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { ClientView } from "#gateway/http/interface.ts";
import { Table } from "#web/ui/collections.tsx";
import { TextField } from "#web/ui/fields.tsx";
import { useTexts } from "#web/ui/language.ts";
import { Badge, Card } from "#web/ui/surfaces.tsx";
import { hasRole, useClient, useResource } from "./client.ts";
import { Action, Pending } from "./parts.tsx";
import { RoleField } from "./role-field.tsx";
import { ShownOnce } from "./shown-once.tsx";
import { STAFF_TEXTS } from "./staff-texts.ts";

const CLIENTS = "/v1/gateway/clients";

interface Registered {
  readonly id: string;
  readonly secret: string;
}

function Register({ onRegistered }: { onRegistered(registered: Registered): void }): JSX.Element {
  const text = useTexts(STAFF_TEXTS);
  const client = useClient();
  const [id, setId] = useState("");
  const [role, setRole] = useState("support");
  const [scope, setScope] = useState("noFlash");
  return (
    <Action
      label={text("register")}
      help={
        <div class="stack">
          <p>{text("registerHelp")}</p>
          <TextField label={text("name")} help={text("clientNameHelp")} maxLength={64} value={id} onInput={setId} />
          <RoleField role={role} onChoose={setRole} />
          <TextField label={text("mayDo")} help={text("scopeHelp")} value={scope} onInput={setScope} />
        </div>
      }
      act={async () => {
        onRegistered(await client.post<Registered>(CLIENTS, { id: id.trim(), role, scope: scope.trim() }));
        setId("");
      }}
    />
  );
}

export function ProgramsCard(): JSX.Element {
  const text = useTexts(STAFF_TEXTS);
  const client = useClient();
  const { value, error, reload } = useResource<readonly ClientView[]>(CLIENTS);
  const isAdmin = hasRole(client, "admin");
  const [made, setMade] = useState<Registered>();
  const remove = (id: string) => async () => {
    await client.remove(`${CLIENTS}/${encodeURIComponent(id)}`);
    client.say(text("programEnded", { id }));
    reload();
  };
  return (
    <Card
      title={text("programs")}
      aside={
        isAdmin && (
          <Register
            onRegistered={(registered) => {
              setMade(registered);
              reload();
            }}
          />
        )
      }
    >
      {made !== undefined && (
        <ShownOnce title={text("secretOf", { id: made.id })} secrets={[made.secret]} onDone={() => setMade(undefined)}>
          {text("secretHelp")}
        </ShownOnce>
      )}
      <p class="soft small">{text("programsHelp")}</p>
      {value === undefined || error !== undefined ? (
        <Pending error={error} />
      ) : (
        <Table
          isWhole
          label={text("programs")}
          empty={text("noPrograms")}
          columns={[
            { title: text("program") },
            { title: text("kind") },
            { title: text("role") },
            { title: text("mayDo") },
            ...(isAdmin ? [{ title: text("actions") }] : []),
          ]}
          rows={value.map(({ id, kind, role, scope }) => ({
            key: id,
            cells: [
              <span key="id" class="mono">
                {id}
              </span>,
              text(kind === "cloud" ? "isCloud" : "isProgram"),
              role === null ? <span class="soft">–</span> : <Badge key="role">{role}</Badge>,
              <span key="scope" class="mono">
                {scope ?? "–"}
              </span>,
              ...(isAdmin
                ? [
                    <Action
                      key="actions"
                      label={text("remove")}
                      kind="danger"
                      help={text(kind === "cloud" ? "removeCloudHelp" : "removeProgramHelp", { id })}
                      act={remove(id)}
                    />,
                  ]
                : []),
            ],
          }))}
        />
      )}
    </Card>
  );
}
