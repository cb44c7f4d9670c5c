/** XML of office packages, as a stream of events: nesting depth is the sender's choice and costs no stack, and no entity is ever looked up. */
import { Parser } from 'htmlparser2'
import { AppError } from '../../errors.ts'

export type XmlEvents = {
  open(name: string, attributes: Record<string, string>): void
  close(name: string): void
  text(text: string): void
}

/** Documents that people wrote stay under 200; the parser's time grows with the square of the depth. */
const MAX_DEPTH = 1000

/** Broken markup is read as far as it makes sense. Throws `corrupt` where elements nest too deep. */
export function readXml(xml: string, events: XmlEvents): void {
  let depth = 0
  const parser = new Parser(
    {
      onopentag(name, attributes) {
        if (++depth > MAX_DEPTH) throw new AppError('corrupt')
        events.open(name, attributes)
      },
      onclosetag(name) {
        depth--
        events.close(name)
      },
      ontext: (text) => events.text(text),
    },
    { xmlMode: true, decodeEntities: true },
  )
  parser.write(xml)
  parser.end()
}
