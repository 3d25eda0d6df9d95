/** Who did what through the gateway: of all, of one unit, or of one person; newest first. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { GatewayJournalEntry, GatewayJournalPage } from "#gateway/http/interface.ts";
import { ViewHead } from "#web/ui/app-frame.tsx";
import { Button } from "#web/ui/button.tsx";
import { Table } from "#web/ui/collections.tsx";
import { TextField } from "#web/ui/fields.tsx";
import { Moment } from "#web/ui/figures.tsx";
import { useTexts } from "#web/ui/language.ts";
import { Badge, Card, Notice } from "#web/ui/surfaces.tsx";
import { hasRole, queryOf, useClient, useNowMs, useResource } from "./client.ts";
import { Pending, unitHref } from "./parts.tsx";
import { useSaid } from "./said-texts.ts";
import { STAFF_TEXTS } from "./staff-texts.ts";

/** As many as one answer holds: fewer are all there are. */
const PAGE = 200;
const SHOWN = 25;

interface JournalFilter {
  readonly device?: string;
  readonly who?: string;
}

function useEntries({ device, who }: JournalFilter) {
  const client = useClient();
  const path = (before?: number) => `/v1/gateway/journal?${queryOf({ device, who, before })}`;
  const { value, error } = useResource<GatewayJournalPage>(path());
  const [older, setOlder] = useState<readonly GatewayJournalEntry[]>([]);
  const [isEnd, setEnd] = useState(false);
  useEffect(() => {
    setOlder([]);
    setEnd(false);
  }, [device, who]);
  const seen = new Set((value?.entries ?? []).map(({ number }) => number));
  const entries = [...(value?.entries ?? []), ...older.filter(({ number }) => !seen.has(number))];
  const hasMore = (value?.entries.length ?? 0) === PAGE && !isEnd;
  async function loadOlder(): Promise<void> {
    try {
      const { entries: more } = await client.get<GatewayJournalPage>(path(entries.at(-1)?.number));
      setOlder((before) => [...before, ...more]);
      setEnd(more.length < PAGE);
    } catch (problem) {
      client.say((problem as Error).message, true);
    }
  }
  return { value, error, entries, hasMore, loadOlder };
}

/** @param search Entries that have this in any of their texts. */
export function JournalTable({ search = "", ...filter }: JournalFilter & { readonly search?: string }): JSX.Element {
  const text = useTexts(STAFF_TEXTS);
  const nowMs = useNowMs();
  const said = useSaid();
  const { value, error, entries, hasMore, loadOlder } = useEntries(filter);
  const [shown, setShown] = useState(SHOWN);
  if (value === undefined) return <Pending error={error} />;
  const wanted = search.trim().toLowerCase();
  const found = entries.filter((entry) =>
    [entry.who, entry.what, said(entry.what), entry.device, entry.outcome, said(entry.outcome)]
      .join("\n")
      .toLowerCase()
      .includes(wanted),
  );
  return (
    <>
      {error !== undefined && <Notice tone="warn" title={error} />}
      {value.changed.length > 0 && (
        <Notice tone="bad" title={text("journalChanged")}>
          <span class="numbers">{value.changed.slice(0, 20).join(", ")}</span>
        </Notice>
      )}
      <Table
        isWhole
        label={text("audit")}
        empty={text(entries.length === 0 ? "noJournal" : "noEntries")}
        columns={[
          { title: text("when") },
          ...(filter.who === undefined ? [{ title: text("who") }] : []),
          { title: text("what") },
          ...(filter.device === undefined ? [{ title: text("unit") }] : []),
          { title: text("outcome") },
        ]}
        rows={found.slice(0, shown).map((entry) => ({ key: entry.number, cells: cellsOf(entry, nowMs, filter, said) }))}
      />
      {(found.length > shown || hasMore) && (
        <div class="row">
          <Button
            onPress={() => {
              if (found.length > shown) setShown(shown + 4 * SHOWN);
              else void loadOlder().then(() => setShown(shown + 4 * SHOWN));
            }}
          >
            {text("more")}
          </Button>
        </div>
      )}
    </>
  );
}

function cellsOf(
  { atMs, who, what, device, outcome }: GatewayJournalEntry,
  nowMs: number,
  filter: JournalFilter,
  said: (text: string) => string,
) {
  const of =
    device === "" ? (
      <span class="soft">–</span>
    ) : (
      <a class="mono" href={unitHref(device)}>
        {device}
      </a>
    );
  const isRefused = outcome === "refused" || /^[A-Z]+_[A-Z_]+$/.test(outcome);
  return [
    <Moment key="when" atMs={atMs} nowMs={nowMs} />,
    ...(filter.who === undefined ? [who === "" ? <span class="soft">–</span> : who] : []),
    said(what),
    ...(filter.device === undefined ? [of] : []),
    isRefused ? (
      <Badge key="outcome" tone="bad">
        {said(outcome)}
      </Badge>
    ) : (
      <span key="outcome" class="soft">
        {said(outcome)}
      </span>
    ),
  ];
}

export function JournalPage(): JSX.Element {
  const text = useTexts(STAFF_TEXTS);
  const client = useClient();
  const [search, setSearch] = useState("");
  return (
    <>
      <ViewHead title={text("audit")} detail={text(hasRole(client, "admin") ? "journalHelp" : "journalOwn")} />
      <Card title={text("whoDidWhat")}>
        <div class="filters">
          <TextField type="search" label={text("searchJournal")} isLabelHidden value={search} onInput={setSearch} />
        </div>
        <JournalTable search={search} />
      </Card>
    </>
  );
}
