import { sha256 } from '../canonical/ids.ts'

/** Tenant names that are safe on every file system stay readable; all others go by their hash, which cannot leave the folder. */
export const tenantFolder = (tenant: string): string => (/^[a-z0-9][a-z0-9_-]{0,63}$/.test(tenant) ? tenant : `~${sha256(tenant)}`)
