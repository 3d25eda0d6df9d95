/** Lists and tables. */
import type { ComponentChildren, JSX } from "preact";

interface Item {
  readonly key: string;
  readonly name: ComponentChildren;
  readonly detail?: ComponentChildren;
  readonly value: ComponentChildren;
}

export function List({ items, label }: { readonly items: readonly Item[]; readonly label: string }): JSX.Element {
  return (
    <ul class="list" aria-label={label}>
      {items.map(({ key, name, detail, value }) => (
        <li key={key} data-item={key}>
          <div>
            <div class="item-name">{name}</div>
            {detail !== undefined && <div class="soft small">{detail}</div>}
          </div>
          <div class="numbers">{value}</div>
        </li>
      ))}
    </ul>
  );
}

interface TableProps {
  readonly label: string;
  readonly columns: readonly { readonly title: string; readonly isNumber?: boolean }[];
  readonly rows: readonly { readonly key: string | number; readonly cells: readonly ComponentChildren[] }[];
  /** What stands there in place of rows. */
  readonly empty: string;
  /** It is what its view is about: as long as it is, and on a phone each row becomes a block. */
  readonly isWhole?: boolean;
}

/** A long table scrolls within its place, also by keyboard. */
export function Table({ label, columns, rows, empty, isWhole = false }: TableProps): JSX.Element {
  if (rows.length === 0) return <p class="soft small">{empty}</p>;
  const table = (
    <table class="table" aria-label={label}>
      <thead>
        <tr>
          {columns.map(({ title, isNumber }) => (
            <th key={title} scope="col" class={isNumber ? "number" : ""}>
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(({ key, cells }) => (
          <tr key={key}>
            {cells.map((cell, i) => (
              <td key={columns[i]?.title} class={columns[i]?.isNumber ? "number" : ""} data-title={columns[i]?.title}>
                {cell}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
  if (isWhole) return <div class="whole">{table}</div>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard (WCAG 2.1.1)
    <section class="scroll" tabIndex={0} aria-label={label}>
      {table}
    </section>
  );
}
