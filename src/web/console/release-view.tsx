/** Releases: what is published, publishing another, rolling one out, withdrawing one. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { DraftView, ReleaseView, RolloutStatus } from "#cloud/http/interface.ts";
import { ViewHead } from "#web/ui/app-frame.tsx";
import { Table } from "#web/ui/collections.tsx";
import { FileField } from "#web/ui/fields.tsx";
import { Moment } from "#web/ui/figures.tsx";
import { useTexts } from "#web/ui/language.ts";
import { Badge, Card } from "#web/ui/surfaces.tsx";
import { hasRole, useClient, useNowMs, useResource } from "./client.ts";
import { CONSOLE_TEXTS } from "./console-texts.ts";
import { Action, Pending, rolloutHref } from "./parts.tsx";

export function ReleasesPage(): JSX.Element {
  const text = useTexts(CONSOLE_TEXTS);
  const client = useClient();
  const nowMs = useNowMs();
  const { value, error, reload } = useResource<readonly ReleaseView[]>("/v1/releases", 10_000);
  const mayRelease = hasRole(client, "release");
  return (
    <>
      <ViewHead title={text("releases")} />
      {mayRelease && <PublishCard reload={reload} />}
      <DraftsCard nowMs={nowMs} reload={reload} />
      <Card title={text("published")}>
        {value === undefined || error !== undefined ? (
          <Pending error={error} />
        ) : (
          <Table
            isWhole
            label={text("releases")}
            empty={text("noReleasesYet")}
            columns={[
              { title: text("release") },
              { title: text("hardware") },
              { title: text("consent") },
              { title: text("epoch") },
              { title: text("published") },
              { title: text("state") },
            ]}
            rows={[...value]
              .sort((a, b) => a.product.localeCompare(b.product) || b.sequence - a.sequence)
              .map((release) => ({
                key: `${release.product} ${release.sequence}`,
                cells: [
                  <strong key="release">
                    {release.product} {release.sequence}
                  </strong>,
                  release.hardware.join(", "),
                  release.consent,
                  release.epoch,
                  <Moment key="published" atMs={release.publishedMs} nowMs={nowMs} />,
                  release.withdrawn ? (
                    <Badge key="state" tone="bad">
                      {text("withdrawn")}
                    </Badge>
                  ) : (
                    <span key="state" class="row">
                      {mayRelease && <ReleaseActions release={release} reload={reload} />}
                    </span>
                  ),
                ],
              }))}
          />
        )}
      </Card>
    </>
  );
}

function ReleaseActions({ release, reload }: { readonly release: ReleaseView; reload(): void }): JSX.Element {
  const text = useTexts(CONSOLE_TEXTS);
  const client = useClient();
  const { product, sequence } = release;
  async function roll(): Promise<void> {
    const { rollout } = await client.post<RolloutStatus>("/v1/rollouts", { product, sequence });
    client.say(text("didRoll", { rollout: rollout.id }));
    location.hash = rolloutHref(rollout.id);
  }
  async function withdraw(because: string): Promise<void> {
    const path = `/v1/releases/${encodeURIComponent(product)}/${sequence}/withdraw`;
    await client.post(path, because.trim() === "" ? {} : { because: because.trim() });
    client.say(text("didWithdraw", { product, sequence }));
    reload();
  }
  return (
    <>
      <Action label={text("roll")} help={text("rollHelp", { product, sequence })} act={roll} />
      <Action
        label={text("withdraw")}
        kind="danger"
        help={text("withdrawHelp", { product, sequence })}
        asksWhy
        act={withdraw}
      />
    </>
  );
}

/** What build servers uploaded; nothing is shown where nothing waits. */
function DraftsCard({ nowMs, reload }: { readonly nowMs: number; reload(): void }): JSX.Element | null {
  const text = useTexts(CONSOLE_TEXTS);
  const client = useClient();
  const { value, reload: reloadDrafts } = useResource<readonly DraftView[]>("/v1/release-drafts", 10_000);
  if (value === undefined || value.length === 0) return null;
  const act =
    ({ product, sequence }: DraftView, verb: "publish" | "discard") =>
    async () => {
      await client.post(`/v1/release-drafts/${encodeURIComponent(product)}/${sequence}/${verb}`, {});
      client.say(verb === "publish" ? text("didPublish", { product, sequence }) : text("done"));
      reloadDrafts();
      reload();
    };
  return (
    <Card title={text("drafts")}>
      <p class="soft small">{text("draftsHelp")}</p>
      <Table
        isWhole
        label={text("drafts")}
        empty=""
        columns={[{ title: text("release") }, { title: text("uploaded") }, { title: text("state") }]}
        rows={value.map((draft) => ({
          key: `${draft.product} ${draft.sequence}`,
          cells: [
            <strong key="release">
              {draft.product} {draft.sequence}
            </strong>,
            <Moment key="uploaded" atMs={draft.uploadedMs} nowMs={nowMs} />,
            <span key="actions" class="row">
              {hasRole(client, "release") && (
                <>
                  <Action
                    label={text("doPublish")}
                    kind="primary"
                    help={`${draft.product} ${draft.sequence}`}
                    act={act(draft, "publish")}
                  />
                  <Action
                    label={text("discard")}
                    help={`${draft.product} ${draft.sequence}`}
                    act={act(draft, "discard")}
                  />
                </>
              )}
            </span>,
          ],
        }))}
      />
    </Card>
  );
}

function PublishCard({ reload }: { reload(): void }): JSX.Element {
  const text = useTexts(CONSOLE_TEXTS);
  const client = useClient();
  const [file, setFile] = useState<File>();
  async function publish(): Promise<void> {
    if (file === undefined) return;
    const bytes = new Uint8Array(await file.arrayBuffer());
    const done = await client.post<{ product: string; sequence: number; wasKnown: boolean }>("/v1/releases", bytes);
    const { product, sequence, wasKnown } = done;
    client.say(text(wasKnown ? "didKnow" : "didPublish", { product, sequence }));
    setFile(undefined);
    reload();
  }
  return (
    <Card title={text("publish")}>
      <p class="soft small">{text("publishHelp")}</p>
      <FileField label={text("file")} accept=".release" file={file} onChoose={setFile} />
      <div class="row">
        <Action
          label={text("doPublish")}
          kind="primary"
          disabled={file === undefined}
          help={<p class="mono">{file?.name}</p>}
          act={publish}
        />
      </div>
    </Card>
  );
}
