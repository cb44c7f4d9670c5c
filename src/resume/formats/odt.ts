/** ODT to blocks, from content.xml and the header and footer of styles.xml. */
import { AppError } from '../../errors.ts'
import type { Block } from '../block.ts'
import type { Archive } from './archive.ts'
import { createFlow, type Look, PLAIN } from './flow.ts'
import { readXml } from './xml.ts'

/** Throws `encrypted`, and what `Archive.read` throws. */
export async function readOdt(archive: Archive): Promise<Block[]> {
  if (/encryption-data/.test((await archive.read('META-INF/manifest.xml')) ?? '')) throw new AppError('encrypted')
  const looks = new Map<string, Partial<Look>>()
  const around = readPart((await archive.read('styles.xml')) ?? '', looks)
  return [...around, ...readPart((await archive.read('content.xml')) ?? '', looks)]
}

const SKIPPED = new Set(['text:tracked-changes', 'office:annotation', 'text:note', 'office:meta', 'text:index-title-template'])

/** Adds the styles of the part to `looks`, which paragraphs and spans name. */
function readPart(xml: string, looks: Map<string, Partial<Look>>): Block[] {
  const flow = createFlow()
  const stack: Look[] = [PLAIN]
  let style: string | null = null
  let skipped = 0
  let paragraphs = 0
  let bullet = false
  const push = (name: string | undefined, heading = false) => {
    const base = stack.at(-1)!
    stack.push({ ...base, ...looks.get(name ?? ''), heading: heading || base.heading })
  }
  readXml(xml, {
    open(name, attributes) {
      if (skipped > 0 || SKIPPED.has(name)) {
        skipped++
        return
      }
      switch (name) {
        case 'style:style':
          style = attributes['style:name'] ?? null
          if (style !== null) looks.set(style, { ...looks.get(attributes['style:parent-style-name'] ?? '') })
          break
        case 'style:text-properties':
          if (style !== null) looks.set(style, { ...looks.get(style), ...lookOf(attributes) })
          break
        case 'text:p':
        case 'text:h':
          flow.endLine()
          paragraphs++
          push(attributes['text:style-name'], name === 'text:h')
          if (bullet) flow.text('• ')
          bullet = false
          break
        case 'text:span':
          push(attributes['text:style-name'])
          break
        case 'text:list-item':
          bullet = true
          break
        case 'text:tab':
          flow.tab()
          break
        case 'text:line-break':
          flow.endLine()
          break
        case 'text:s':
          flow.text(' '.repeat(Math.min(Number(attributes['text:c'] ?? 1) || 1, 100)))
          break
        case 'table:table-row':
          flow.openRow()
          break
        case 'table:table-cell':
          flow.openCell()
          break
      }
    },
    close(name) {
      if (skipped > 0) {
        skipped--
        return
      }
      if (name === 'style:style') style = null
      else if (name === 'text:p' || name === 'text:h') {
        flow.endLine()
        paragraphs--
        stack.pop()
      } else if (name === 'text:span') stack.pop()
      else if (name === 'text:list-item') bullet = false
      else if (name === 'table:table-cell') flow.closeCell()
      else if (name === 'table:table-row') flow.closeRow()
    },
    text(text) {
      if (skipped === 0 && paragraphs > 0) flow.text(text, stack.at(-1))
    },
  })
  return flow.blocks()
}

function lookOf(attributes: Record<string, string>): Partial<Look> {
  const out: Partial<Look> = {}
  const size = /^([\d.]+)pt$/.exec(attributes['fo:font-size'] ?? '')?.[1]
  const weight = attributes['fo:font-weight']
  const font = attributes['style:font-name']
  if (size) out.size = Number(size)
  if (weight) out.bold = weight === 'bold' || Number(weight) >= 600
  if (font) out.font = font
  return out
}
