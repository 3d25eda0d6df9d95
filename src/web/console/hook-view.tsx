/** Webhooks: which events go where, and how the last delivery went. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { HookView } from "#gateway/http/interface.ts";
import { ViewHead } from "#web/ui/app-frame.tsx";
import { Table } from "#web/ui/collections.tsx";
import { TextField } from "#web/ui/fields.tsx";
import { Moment } from "#web/ui/figures.tsx";
import { useTexts } from "#web/ui/language.ts";
import { Badge, Card } from "#web/ui/surfaces.tsx";
import { hasRole, useClient, useNowMs, useResource } from "./client.ts";
import { Action, Pending, unitHref } from "./parts.tsx";
import { ShownOnce } from "./shown-once.tsx";
import { STAFF_TEXTS } from "./staff-texts.ts";

const HOOKS = "/v1/gateway/webhooks";

interface Made {
  readonly url: string;
  readonly secret: string;
}

function AddHook({ onMade }: { onMade(made: Made): void }): JSX.Element {
  const text = useTexts(STAFF_TEXTS);
  const client = useClient();
  const [event, setEvent] = useState("");
  const [url, setUrl] = useState("");
  const [device, setDevice] = useState("");
  return (
    <Action
      label={text("addHook")}
      help={
        <div class="stack">
          <p>{text("addHookHelp")}</p>
          <TextField
            label={text("event")}
            help={text("hookEventHelp")}
            maxLength={64}
            value={event}
            onInput={setEvent}
          />
          <TextField
            label={text("address")}
            help={text("hookUrlHelp")}
            maxLength={1_000}
            value={url}
            onInput={setUrl}
          />
          <TextField
            label={text("unit")}
            help={text("hookUnitHelp")}
            maxLength={24}
            value={device}
            onInput={setDevice}
          />
        </div>
      }
      act={async () => {
        const of = device.trim() === "" ? {} : { deviceid: device.trim().toLowerCase() };
        const hook = { event: event.trim(), url: url.trim(), ...of };
        const { secret } = await client.post<{ secret: string }>("/v1/webhooks", hook);
        onMade({ url: hook.url, secret });
        setEvent("");
        setUrl("");
        setDevice("");
      }}
    />
  );
}

function LastDelivery({ last, nowMs }: { readonly last: HookView["last"]; readonly nowMs: number }): JSX.Element {
  const text = useTexts(STAFF_TEXTS);
  if (last === null) return <span class="soft">{text("noDelivery")}</span>;
  const isGood = typeof last.answer === "number" && last.answer < 400;
  return (
    <span class="main-cell">
      <Badge tone={isGood ? "good" : "bad"}>
        {typeof last.answer === "number" ? last.answer : text("notDelivered")}
      </Badge>
      {typeof last.answer === "string" && <span class="soft small">{last.answer}</span>}
      <Moment atMs={last.atMs} nowMs={nowMs} />
    </span>
  );
}

export function HooksPage(): JSX.Element {
  const text = useTexts(STAFF_TEXTS);
  const client = useClient();
  const nowMs = useNowMs();
  const { value, error, reload } = useResource<readonly HookView[]>(HOOKS);
  const [made, setMade] = useState<Made>();
  const isAdmin = hasRole(client, "admin");
  const remove = (id: string) => async () => {
    await client.remove(`${HOOKS}/${id}`);
    client.say(text("hookEnded"));
    reload();
  };
  return (
    <>
      <ViewHead title={text("webhooks")} detail={text("webhooksHelp")}>
        {hasRole(client, "support") && (
          <AddHook
            onMade={(hook) => {
              setMade(hook);
              reload();
            }}
          />
        )}
      </ViewHead>
      {made !== undefined && (
        <ShownOnce title={text("secretOf", { id: made.url })} secrets={[made.secret]} onDone={() => setMade(undefined)}>
          {text("hookSecretHelp")}
        </ShownOnce>
      )}
      <Card title={text("webhooks")}>
        {value === undefined || error !== undefined ? (
          <Pending error={error} />
        ) : (
          <Table
            isWhole
            label={text("webhooks")}
            empty={text("noHooks")}
            columns={[
              ...(isAdmin ? [{ title: text("person") }] : []),
              { title: text("event") },
              { title: text("address") },
              { title: text("unit") },
              { title: text("since") },
              { title: text("lastDelivery") },
              { title: text("actions") },
            ]}
            rows={value.map(({ id, account, event, url, device, createdMs, last }) => ({
              key: id,
              cells: [
                ...(isAdmin ? [account] : []),
                <span key="event" class="main-cell mono">
                  {event}…
                </span>,
                <span key="url" class="mono">
                  {url}
                </span>,
                device === "" ? (
                  <span class="soft">{text("allUnits")}</span>
                ) : (
                  <a key="device" class="mono" href={unitHref(device)}>
                    {device}
                  </a>
                ),
                <Moment key="since" atMs={createdMs} nowMs={nowMs} />,
                <LastDelivery key="last" last={last} nowMs={nowMs} />,
                <Action
                  key="actions"
                  label={text("remove")}
                  kind="danger"
                  help={text("removeHookHelp", { address: url })}
                  act={remove(id)}
                />,
              ],
            }))}
          />
        )}
      </Card>
    </>
  );
}
