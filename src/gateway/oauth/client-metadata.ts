/** What the registration of a client holds besides what OAuth names. */

/** What a client that acts in its own name may do, kept in its registration. */
export const CLIENT_ROLE = "latchkey_role";
export const CLIENT_SCOPE = "latchkey_scope";
/** Marks an interface that takes this server's tokens, as a maker's cloud; its client ID is its address. */
export const CLIENT_RESOURCE = "latchkey_resource";
/** The one scope of such an interface: what its bearer may do there, their role says. */
export const STAFF_SCOPE = "staff";
