/** How long a ledger keeps what, the same in every adapter. */
export const DAY_MS = 86_400_000
/** A year and a month, so that a yearly review finds all of its year. */
export const AUDIT_DAYS = 400
/** Minutes that the drain rate of a tenant is counted for. */
export const ENDED_MINUTES = 10
/** A batch that is still being received after this long was left by a sender that died. */
export const RECEIVING_MS = 3_600_000
/** A process that announced itself longer ago than this is taken to be dead. */
export const OWNER_MS = 15_000
