/** The size of the type of a line, from the height of its ink and from what it says. */

/** Shares of the type size, as in most Latin text faces: letters like x, what rises above them, what hangs below. Ideographs fill nearly all. */
const BODY = 0.52
const ASCENT = 0.2
const DESCENT = 0.21
const HAN = 0.9
const HAN_DESCENT = 0.1

/** `ink` is the height of the line's ink; its type size and how far the ink reaches below the baseline come in the same unit. */
export function typeOf(text: string, ink: number): { size: number; descent: number } {
  const below = /[gjpqy,;()[\]/|@$Q]/.test(text) ? DESCENT : 0
  const latin = BODY + below + (/[A-Z\dbdfhklt&@#%$()[\]/|!?'"]/.test(text) ? ASCENT : 0)
  if (!/\p{Script=Han}/u.test(text)) return { size: ink / latin, descent: (ink / latin) * below }
  const size = ink / Math.max(HAN, latin)
  return { size, descent: size * HAN_DESCENT }
}
