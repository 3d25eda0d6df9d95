/** What may be done to a unit through the gateway, and which role may do it. */
export const RIGHT = {
  /** That the unit exists, its name, and what it offers. */
  see: "see",
  read: "read",
  subscribe: "subscribe",
  call: "call",
  /** Change the unit's name here, or signal it. */
  manage: "manage",
  /** PUT a release. */
  flash: "flash",
} as const;
export type Rights = (typeof RIGHT)[keyof typeof RIGHT];

export const ROLES = ["viewer", "support", "release", "admin"] as const;
export type Role = (typeof ROLES)[number];

const VIEWER: readonly Rights[] = ["see", "read", "subscribe"];
const SUPPORT: readonly Rights[] = [...VIEWER, "call", "manage"];
const OF_ROLE: Readonly<Record<Role, readonly Rights[]>> = {
  viewer: VIEWER,
  support: SUPPORT,
  release: [...SUPPORT, "flash"],
  admin: [...SUPPORT, "flash"],
};

/** Whether a role includes a right, whatever a token of it says. */
export const mayRole = (role: Role, right: Rights): boolean => OF_ROLE[role].includes(right);

export const isRole = (text: string): text is Role => (ROLES as readonly string[]).includes(text);
