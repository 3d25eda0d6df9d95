/** The audit: who did what, what the engine did, and what apps threw; newest first. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { JournalEntry } from "#cloud/http/interface.ts";
import { ViewHead } from "#web/ui/app-frame.tsx";
import { Button } from "#web/ui/button.tsx";
import { Table } from "#web/ui/collections.tsx";
import { TextField } from "#web/ui/fields.tsx";
import { Moment } from "#web/ui/figures.tsx";
import { useTexts } from "#web/ui/language.ts";
import { Card } from "#web/ui/surfaces.tsx";
import { queryOf, useClient, useNowMs, useResource } from "./client.ts";
import { CONSOLE_TEXTS } from "./console-texts.ts";
import { Pending, unitHref } from "./parts.tsx";
import { useSaid } from "./said-texts.ts";

const PAGE = 100;
const TYPING_MS = 400;
const DEVICE_ID = /^[0-9a-f]{24}$/;

export function AuditPage(): JSX.Element {
  const text = useTexts(CONSOLE_TEXTS);
  const client = useClient();
  const nowMs = useNowMs();
  const said = useSaid();
  const [typed, setTyped] = useState("");
  const [search, setSearch] = useState("");
  const [older, setOlder] = useState<readonly JournalEntry[]>([]);
  const [isEnd, setEnd] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSearch(typed.trim()), TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  useEffect(() => {
    setOlder([]);
    setEnd(false);
  }, [search]);
  const { value, error } = useResource<readonly JournalEntry[]>(`/v1/journal?${queryOf({ search, limit: PAGE })}`);
  const last = older.at(-1) ?? value?.at(-1);
  const seen = new Set((value ?? []).map(({ number }) => number));
  const entries = [...(value ?? []), ...older.filter(({ number }) => !seen.has(number))];
  async function loadOlder(): Promise<void> {
    try {
      const more = await client.get<readonly JournalEntry[]>(
        `/v1/journal?${queryOf({ search, before: last?.number, limit: PAGE })}`,
      );
      setOlder([...older, ...more]);
      setEnd(more.length < PAGE);
    } catch (problem) {
      client.say((problem as Error).message, true);
    }
  }
  return (
    <>
      <ViewHead title={text("audit")} />
      <Card title={text("whoDidWhat")}>
        <div class="filters">
          <TextField type="search" label={text("searchAudit")} isLabelHidden value={typed} onInput={setTyped} />
        </div>
        {value === undefined || error !== undefined ? (
          <Pending error={error} />
        ) : (
          <Table
            isWhole
            label={text("audit")}
            empty={text(search === "" ? "noAudit" : "noEntries")}
            columns={[
              { title: text("when") },
              { title: text("subject") },
              { title: text("what") },
              { title: text("because") },
            ]}
            rows={entries.map((entry) => ({
              key: entry.number,
              cells: [
                <Moment key="when" atMs={entry.at_ms} nowMs={nowMs} />,
                DEVICE_ID.test(entry.subject) ? (
                  <a key="subject" class="mono" href={unitHref(entry.subject)}>
                    {entry.subject}
                  </a>
                ) : (
                  <span key="subject" class="mono">
                    {entry.subject}
                  </span>
                ),
                said(entry.what),
                <span key="because" class="soft">
                  {said(entry.because)}
                </span>,
              ],
            }))}
          />
        )}
        {(value?.length ?? 0) === PAGE && !isEnd && (
          <div class="row">
            <Button onPress={() => void loadOlder()}>{text("more")}</Button>
          </div>
        )}
      </Card>
    </>
  );
}
