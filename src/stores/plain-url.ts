/** A URL as it may be shown: without user, password and API key. */
export const plainUrl = (url: string): string => url.replace(/^([a-z0-9+.-]+:\/\/)[^/@]*@/i, '$1').replace(/([?&]apiKey=)[^&#]*/gi, '$1…')
