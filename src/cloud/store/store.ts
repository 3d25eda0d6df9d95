/** The cloud's store. */
import { type Durability, openSqlStore } from "#base/host/store/open-sql-store.ts";
import { type SqlStore, StoreTrouble, storeTrouble } from "#base/host/store/sql-store.ts";
import { createTables, type Schema } from "./schema.ts";

export { StoreTrouble, storeTrouble };

export type Store = SqlStore<Schema>;

/** @throws StoreTrouble when it is damaged, in use by another process, out of reach or out of space. */
export function openStore(where: string, durability?: Durability): Promise<Store> {
  return openSqlStore<Schema>(where, createTables, durability);
}
