/** A URL as it may be shown: without user and password. */
export const plainUrl = (url: string): string => url.replace(/^([a-z0-9+.-]+:\/\/)[^/@]*@/i, '$1')
