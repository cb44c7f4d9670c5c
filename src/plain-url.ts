/**
 * A URL as it may be shown: without user, password and API key. Not by the URL parser, which refuses the several hosts of a MongoDB URL. All up to
 * the last @ goes, so that a password with an odd character in it is not shown by halves.
 */
export const plainUrl = (url: string): string => url.replace(/^([a-z0-9+.-]+:\/\/).*@/is, '$1').replace(/([?&]apiKey=)[^&#]*/gi, '$1…')
