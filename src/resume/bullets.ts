/** Bullets of an entry. */
import { widenPunctuation } from './block.ts'
import { stripBullet } from './entries.ts'

/** Wrapped lines are joined to the bullet they continue. */
export function joinBullets(lines: string[]): string[] {
  const out: string[] = []
  let bulleted = false
  for (const line of lines) {
    const text = stripBullet(line)
    if (text === '') continue
    const isBullet = text !== line
    const last = out.at(-1)
    if (!isBullet && bulleted && last !== undefined && !/[.。;;!]$/.test(last))
      out[out.length - 1] = /\p{Script=Han}$/u.test(last) ? last + text : `${last} ${text}`
    else out.push(text)
    bulleted ||= isBullet
  }
  return out.slice(0, 100).map((bullet) => widenPunctuation(bullet).slice(0, 2000))
}
