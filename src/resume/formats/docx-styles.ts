/** The named styles of a DOCX: what a paragraph or run looks like before its own properties. */
import { readXml } from './xml.ts'

type Style = { basedOn: string | null; size: number | null; bold: boolean | null; font: string | null; heading: boolean }
export type Styles = {
  /** The look of a style with all it is based on; for null, and with `defaults`, the document's own default. */
  of(id: string | null, defaults?: boolean): { size: number | null; bold: boolean | null; font: string | null; heading: boolean }
}

const HEADING_NAME = /^(?:heading|title|subtitle|标题|副标题)\s*\d*$/i
/** Chains of styles are short; a longer one goes in circles. */
const MAX_CHAIN = 20

export function readStyles(xml: string): Styles {
  const styles = new Map<string, Style>()
  const defaults: Style = { basedOn: null, size: null, bold: null, font: null, heading: false }
  let normal: string | null = null
  let current: Style | null = null
  readXml(xml, {
    open(name, attributes) {
      const value = attributes['w:val']
      if (name === 'w:rPrDefault') current = defaults
      else if (name === 'w:style') {
        const id = attributes['w:styleId'] ?? ''
        current = { basedOn: null, size: null, bold: null, font: null, heading: false }
        styles.set(id, current)
        if (attributes['w:type'] === 'paragraph' && attributes['w:default'] === '1') normal = id
      } else if (current === null) return
      else if (name === 'w:basedOn') current.basedOn = value ?? null
      else if (name === 'w:name') current.heading = HEADING_NAME.test(value ?? '')
      else if (name === 'w:outlineLvl') current.heading = Number(value) < 9
      else if (name === 'w:sz') current.size = Number(value) / 2 || null
      else if (name === 'w:b') current.bold = value === undefined || !/^(?:0|false|off)$/.test(value)
      else if (name === 'w:rFonts') current.font = attributes['w:eastAsia'] ?? attributes['w:ascii'] ?? null
    },
    close(name) {
      if (name === 'w:style' || name === 'w:rPrDefault') current = null
    },
    text() {},
  })
  const resolved = new Map<string, Style>()

  function resolve(id: string): Style {
    const known = resolved.get(id)
    if (known) return known
    const out: Style = { basedOn: null, size: null, bold: null, font: null, heading: false }
    let style = styles.get(id)
    for (let i = 0; style && i < MAX_CHAIN; i++) {
      out.size ??= style.size
      out.bold ??= style.bold
      out.font ??= style.font
      out.heading ||= style.heading
      style = style.basedOn === null ? undefined : styles.get(style.basedOn)
    }
    resolved.set(id, out)
    return out
  }

  return {
    of(id, withDefaults = true) {
      const style = id ?? (withDefaults ? normal : null)
      const found = style === null ? null : resolve(style)
      if (!withDefaults) return found ?? { size: null, bold: null, font: null, heading: false }
      return {
        size: found?.size ?? defaults.size,
        bold: found?.bold ?? defaults.bold,
        font: found?.font ?? defaults.font,
        heading: found?.heading ?? false,
      }
    },
  }
}
