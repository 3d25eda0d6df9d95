/** What a unit has said since it was first listened to, so that words which come several at once are not lost to a later wait. */
interface Heard<Item> {
  readonly items: Item[];
  /** Where the next wait begins. */
  next: number;
  /** Called at each item that comes. */
  readonly looks: Set<() => void>;
}

/** @param listen Begins to listen to a source; called once for each. */
export function hearing<Source extends object, Item>(
  listen: (source: Source, hear: (item: Item) => void) => void,
): (source: Source) => Heard<Item> {
  const heardOf = new WeakMap<Source, Heard<Item>>();
  return (source) => {
    const known = heardOf.get(source);
    if (known !== undefined) return known;
    const heard: Heard<Item> = { items: [], next: 0, looks: new Set() };
    heardOf.set(source, heard);
    listen(source, (item) => {
      heard.items.push(item);
      for (const look of heard.looks) look();
    });
    return heard;
  };
}
