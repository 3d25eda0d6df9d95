/** Every component on one page, with values that show its states: for a look at all of them, and for the checks of axe. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Button, HoldButton } from "./button.tsx";
import { Chart, type Sample } from "./chart.tsx";
import { List, Table } from "./collections.tsx";
import type { DescribedFunction, DescribedSetting, Value } from "./described.ts";
import { Dialog } from "./dialog.tsx";
import { FileField, SelectField, TextField } from "./fields.tsx";
import { Facts, Figures, Moment, PartsBar } from "./figures.tsx";
import { FunctionForm } from "./function-form.tsx";
import { type TextTable, useLanguage, useTexts } from "./language.ts";
import { LanguageChoice, PageFrame, showPage } from "./page.tsx";
import { SettingsForm } from "./settings-form.tsx";
import { Badge, ByteMeter, Card, Notice } from "./surfaces.tsx";
import { SwitchRow } from "./switch.tsx";
import { Tabs } from "./tabs.tsx";
import { ToastList, useToasts } from "./toasts.tsx";

const TEXTS: TextTable<
  | "title"
  | "detail"
  | "buttons"
  | "hold"
  | "form"
  | "settings"
  | "charts"
  | "open"
  | "sure"
  | "erase"
  | "lists"
  | "states"
  | "tabs"
  | "figures"
  | "fields"
  | "search"
  | "say"
  | "fail"
> = {
  en: {
    title: "Components",
    detail: "What every page of Latchkey is made of",
    buttons: "Buttons and switches",
    hold: "Hold me",
    form: "Form made from a description",
    settings: "Settings made from a description",
    charts: "Charts",
    open: "Open the dialog",
    sure: "Its owner, keys and settings are erased. This cannot be undone.",
    erase: "Erase the unit",
    lists: "Lists and tables",
    states: "States",
    tabs: "Tabs",
    figures: "Figures",
    fields: "Fields",
    search: "Search by name",
    say: "Say something",
    fail: "Report trouble",
  },
  de: {
    title: "Bausteine",
    detail: "Woraus jede Seite von Latchkey besteht",
    buttons: "Knöpfe und Schalter",
    hold: "Halten",
    form: "Formular aus einer Beschreibung",
    settings: "Einstellungen aus einer Beschreibung",
    charts: "Diagramme",
    open: "Dialog öffnen",
    sure: "Besitzer, Schlüssel und Einstellungen werden gelöscht. Das lässt sich nicht rückgängig machen.",
    erase: "Gerät löschen",
    lists: "Listen und Tabellen",
    states: "Zustände",
    tabs: "Reiter",
    figures: "Zahlen",
    fields: "Felder",
    search: "Nach Namen suchen",
    say: "Etwas sagen",
    fail: "Fehler melden",
  },
};

const SETTINGS: Readonly<Record<string, DescribedSetting>> = {
  target: {
    value: { type: "number", min: 5, max: 40, step: 0.5, unit: "°C" },
    default: 24,
    texts: { en: { title: "Target", help: "Above it the vent opens" }, de: { title: "Ziel" } },
  },
  mode: { value: { type: "choice", choices: ["open", "closed"] }, default: "open" },
};

const WATER: DescribedFunction = {
  right: "call",
  args: {
    minutes: { type: "int", min: 1, max: 60, unit: "min" },
    valve: { type: "choice", choices: ["north", "south"] },
    litres: { type: "number", min: 0.5, step: 0.5, unit: "l" },
    note: { type: "text", maxLength: 40 },
    pattern: { type: "bytes", maxLength: 8 },
    isGentle: { type: "bool" },
  },
  answer: { type: "number", unit: "l" },
  texts: {
    en: { title: "Water the beds", help: "Opens a valve for some minutes." },
    de: { title: "Beete gießen", help: "Öffnet ein Ventil für einige Minuten." },
  },
};

const temperature: Sample[] = Array.from({ length: 60 }, (_, i) => [
  i * 1_000,
  21 + Math.sin(i / 7) * 2 + Math.cos(i / 3) * 0.4,
]);
const lamp: Sample[] = [
  [0, 0],
  [12_000, 1],
  [25_000, 0],
  [31_000, 1],
  [52_000, 0],
];

function Gallery(): JSX.Element {
  const text = useTexts(TEXTS);
  const language = useLanguage();
  const { toasts, say, drop } = useToasts();
  const [isOn, setOn] = useState(true);
  const [values, setValues] = useState<Readonly<Record<string, Value>>>({ target: 24, mode: "open" });
  const [isOpen, setOpen] = useState(false);
  const [typed, setTyped] = useState("");
  const [chosen, setChosen] = useState("a");
  const [file, setFile] = useState<File>();
  const [heldTimes, setHeldTimes] = useState(0);
  return (
    <PageFrame title={text("title")} detail={text("detail")} aside={<LanguageChoice language={language} />}>
      <div class="cards">
        <Card title={text("buttons")} aside={<Badge tone="good">online</Badge>}>
          <div class="row">
            <Button kind="primary" onPress={() => say(text("say"))}>
              {text("say")}
            </Button>
            <Button kind="danger" onPress={() => say(text("fail"), true)}>
              {text("fail")}
            </Button>
            <Button kind="quiet" onPress={() => setOpen(true)}>
              {text("open")}
            </Button>
            <Button disabled>Off</Button>
          </div>
          <div class="row">
            <HoldButton onHold={(isDown) => isDown && setHeldTimes(heldTimes + 1)}>{text("hold")}</HoldButton>
            <output class="soft numbers" id="held">
              {heldTimes}
            </output>
          </div>
          <div>
            <SwitchRow label="Wi-Fi" isOn={isOn} onSwitch={setOn} />
            <SwitchRow label="Power" isOn={false} disabled onSwitch={() => undefined} />
          </div>
        </Card>
        <Card title={text("form")}>
          <FunctionForm
            name="water"
            described={WATER}
            run={async ({ minutes }) => ({ answer: Number(minutes) * 1.5 })}
          />
        </Card>
        <Card title={text("settings")}>
          <SettingsForm
            label={text("settings")}
            settings={SETTINGS}
            values={values}
            save={async (name, value) => {
              if (value === "closed") return "refused";
              setValues((now) => ({ ...now, [name]: value }));
              return undefined;
            }}
          />
        </Card>
        <Card title={text("charts")}>
          <Chart
            title="Temperature"
            samples={temperature}
            nowMs={60_000}
            spanMs={60_000}
            schema={{ type: "number", unit: "°C" }}
          />
          <Chart title="Lamp" samples={lamp} nowMs={60_000} spanMs={60_000} schema={{ type: "bool" }} isStepped />
        </Card>
        <Card title={text("figures")}>
          <Figures
            figures={[
              { title: "Units", value: 12_480 },
              { title: "Online", value: 11_902, tone: "good" },
              { title: "Failed", value: 3, tone: "bad", href: "#failed" },
            ]}
          />
          <PartsBar
            label="Release 7"
            total={100}
            parts={[
              { title: "run it", value: 61, tone: "good" },
              { title: "under way", value: 9, tone: "warn" },
              { title: "failed", value: 3, tone: "bad" },
              { title: "run a newer one", value: 4, tone: "plain" },
            ]}
          />
          <Facts
            facts={[
              { name: "Product", value: "greenhouse" },
              { name: "Heard", value: <Moment atMs={0} nowMs={7_200_000} /> },
            ]}
          />
        </Card>
        <Card title={text("fields")}>
          <TextField type="search" label={text("search")} isLabelHidden value={typed} onInput={setTyped} />
          <TextField label="Name" help="Shown in lists" value={typed} maxLength={64} onInput={setTyped} />
          <SelectField
            label="State"
            value={chosen}
            onChoose={setChosen}
            choices={[
              { value: "a", title: "online" },
              { value: "b", title: "offline" },
            ]}
          />
          <FileField label="File" accept=".release" file={file} onChoose={setFile} />
        </Card>
        <Card title={text("lists")}>
          <List
            label="Variables"
            items={[
              { key: "a", name: "Temperature", detail: "read", value: "21.4 °C" },
              { key: "b", name: "Lamp", value: <Badge tone="good">on</Badge> },
            ]}
          />
          <Table
            label="Events"
            empty="Nothing"
            columns={[{ title: "Event" }, { title: "Value", isNumber: true }]}
            rows={[
              { key: 1, cells: ["pressed", 412] },
              { key: 2, cells: ["pressed", 1_280] },
            ]}
          />
        </Card>
        <Card title={text("states")} aside={<Badge tone="warn">starting</Badge>}>
          <Notice tone="bad" title="src/app.ts:12:9">
            <pre>Cannot find name 'lmap'. Did you mean 'lamp'?</pre>
          </Notice>
          <Notice tone="warn" title="Type 'string' is not assignable to type 'number'" />
          <Notice title="The unit was restarted; its state was kept." />
          <ByteMeter label="Memory" used={182_000} total={288_000} />
          <ByteMeter label="Flash" used={46_000} total={49_152} />
          <div class="row">
            <Badge>off</Badge>
            <Badge tone="good">running</Badge>
            <Badge tone="warn">building</Badge>
            <Badge tone="bad">stopped</Badge>
          </div>
        </Card>
        <Card title={text("tabs")}>
          <Tabs
            label={text("tabs")}
            tabs={[
              { key: "log", title: "Log", content: () => <pre class="log">app: started</pre> },
              { key: "events", title: "Events", content: () => <p>pressed</p> },
              { key: "time", title: "Time", content: () => <p>12:25</p> },
            ]}
          />
        </Card>
      </div>
      <Dialog
        title={text("erase")}
        isOpen={isOpen}
        action={text("erase")}
        isDanger
        onAction={() => setOpen(false)}
        onClose={() => setOpen(false)}
      >
        {text("sure")}
      </Dialog>
      <ToastList toasts={toasts} drop={drop} />
    </PageFrame>
  );
}

showPage(Gallery);
