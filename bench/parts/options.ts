/** Thrown for what the command line asks and cannot get: the launcher prints it and ends with 2. */
export class Usage extends Error {}

/** A whole number above 0. */
export function count(name: string, text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new Usage(`--${name} takes a whole number above 0, not ${JSON.stringify(text)}`)
  return Number(text)
}
