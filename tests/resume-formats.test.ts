/** Formats to blocks: what each format says about lines, cells and looks, and what it hides. */
import iconv from 'iconv-lite'
import { describe, expect, test } from 'vitest'
import { docxEntries, paragraph, table, writeZip, type ZipEntry } from '../samples/make/zip.ts'
import { readBlocks } from '../src/resume/read.ts'
import { writeDoc } from './fixtures/doc.ts'

const textsOf = async (bytes: Uint8Array) => (await readBlocks(bytes)).blocks.map((block) => block.text)
const docx = (body: string, more: ZipEntry[] = []) => writeZip([...docxEntries(body), ...more])
const part = (name: string, body: string): ZipEntry => ({ name: `word/${name}.xml`, data: `<w:x>${body}</w:x>` })
const run = (text: string, properties = '') => `<w:r><w:rPr>${properties}</w:rPr><w:t xml:space="preserve">${text}</w:t></w:r>`

describe('DOCX', () => {
  test('rows of single lines are lines with cell borders, rows with passages are read cell by cell', async () => {
    const body = table([
      ['姓名', '骆云舟', '性别', ''],
      ['电话', '', '邮箱', 'luo@example.com'],
      ['教\n育\n经\n历', '2012.9-2016.6'],
      ['Jan 2019 - Present', 'Engineer\nBrindle Works Ltd'],
    ])
    expect(await textsOf(docx(body))).toEqual([
      '姓名\t骆云舟\t性别',
      '电话\t\t邮箱\tluo@example.com',
      '教育经历\t2012.9-2016.6',
      'Jan 2019 - Present',
      'Engineer',
      'Brindle Works Ltd',
    ])
  })

  test('tables in cells keep their rows', async () => {
    const inner = table([
      ['2019', 'Brindle'],
      ['2015', 'Acre'],
    ])
    const body = `<w:tbl><w:tr><w:tc>${paragraph('Work')}</w:tc><w:tc>${inner}</w:tc></w:tr></w:tbl>`
    expect(await textsOf(docx(body))).toEqual(['Work', '2019\tBrindle', '2015\tAcre'])
  })

  test('a text box is read once, though its fallback repeats it', async () => {
    const box = `<w:txbxContent>${paragraph('Ottilie Varga')}</w:txbxContent>`
    const body = `<w:p><w:r><mc:AlternateContent><mc:Choice>${box}</mc:Choice><mc:Fallback><w:pict>${box}</w:pict></mc:Fallback></mc:AlternateContent></w:r>${run('Engineer')}</w:p>`
    expect(await textsOf(docx(body))).toEqual(['Ottilie Varga', 'Engineer'])
  })

  test('headers come first, footers last, each line once', async () => {
    const more = [
      part('header1', paragraph('Ottilie Varga')),
      part('header2', paragraph('Ottilie Varga')),
      part('footer1', paragraph('Page 1')),
    ]
    expect(await textsOf(docx(paragraph('Experience'), more))).toEqual(['Ottilie Varga', 'Experience', 'Page 1'])
  })

  test('deleted and hidden text is not read, inserted text is', async () => {
    const body = `<w:p><w:del>${run('Old')}</w:del><w:ins>${run('New')}</w:ins>${run('secret', '<w:vanish/>')}</w:p>`
    expect(await textsOf(docx(body))).toEqual(['New'])
  })

  test('looks come from runs, else from styles and what those are based on', async () => {
    const styles = part(
      'styles',
      `<w:docDefaults><w:rPrDefault><w:rPr><w:sz w:val="21"/></w:rPr></w:rPrDefault></w:docDefaults>
       <w:style w:type="paragraph" w:styleId="h"><w:name w:val="heading 1"/><w:rPr><w:b/><w:sz w:val="32"/></w:rPr></w:style>
       <w:style w:type="paragraph" w:styleId="h2"><w:name w:val="mine"/><w:basedOn w:val="h"/><w:rPr><w:sz w:val="28"/></w:rPr></w:style>`,
    )
    const body = `<w:p><w:pPr><w:pStyle w:val="h2"/></w:pPr>${run('Experience')}</w:p><w:p>${run('Brindle', '<w:b/>')}${run(' 2019')}</w:p><w:p>${run('Works')}</w:p>`
    const { blocks } = await readBlocks(docx(body, [styles]))
    expect(blocks.map(({ text, size, bold, heading }) => ({ text, size, bold, heading }))).toEqual([
      { text: 'Experience', size: 14, bold: true, heading: true },
      { text: 'Brindle 2019', size: 10.5, bold: false, heading: false },
      { text: 'Works', size: 10.5, bold: false, heading: false },
    ])
  })

  test('numbered paragraphs are bullets, breaks end lines, tabs are cell borders', async () => {
    const body = `<w:p><w:pPr><w:numPr><w:numId w:val="3"/></w:numPr></w:pPr>${run('Led a team')}</w:p><w:p><w:r><w:t>Acme</w:t><w:tab/><w:t>2019</w:t><w:br/><w:t>Engineer</w:t></w:r></w:p>`
    expect(await textsOf(docx(body))).toEqual(['• Led a team', 'Acme\t2019', 'Engineer'])
  })
})

test('ODT: paragraphs, looks of styles, lists, tables and text boxes; changes and notes are left out', async () => {
  const content = `<office:document-content><office:automatic-styles>
      <style:style style:name="P1"><style:text-properties fo:font-size="16pt" fo:font-weight="bold"/></style:style></office:automatic-styles>
    <office:body><office:text>
      <text:tracked-changes><text:p>deleted</text:p></text:tracked-changes>
      <text:h text:style-name="P1">工作经历</text:h>
      <draw:text-box><text:p>骆云舟</text:p></draw:text-box>
      <text:p>2019<text:s text:c="2"/>澄湖<text:tab/>测试<text:line-break/>第二行<text:note><text:p>note</text:p></text:note></text:p>
      <text:list><text:list-item><text:p>负责测试</text:p></text:list-item></text:list>
      <table:table><table:table-row><table:table-cell><text:p>电话</text:p></table:table-cell><table:table-cell><text:p>138</text:p></table:table-cell></table:table-row></table:table>
    </office:text></office:body></office:document-content>`
  const { type, blocks } = await readBlocks(writeZip([{ name: 'content.xml', data: content }]))
  expect(type).toBe('odt')
  expect(blocks.map((block) => block.text)).toEqual(['工作经历', '骆云舟', '2019 澄湖\t测试', '第二行', '• 负责测试', '电话\t138'])
  expect(blocks[0]).toMatchObject({ size: 16, bold: true, heading: true })
})

describe('RTF', () => {
  const rtf = (body: string) =>
    Buffer.from(`{\\rtf1\\ansi\\ansicpg1252{\\fonttbl{\\f0\\fcharset134 SimSun;}{\\f1\\fcharset0 Arial;}}${body}}`, 'latin1')
  const hex = (text: string) => [...iconv.encode(text, 'gb18030')].map((byte) => `\\'${byte.toString(16)}`).join('')

  test('characters by code page, by number with its fallback, and by name', async () => {
    expect(await textsOf(rtf(`\\f0 ${hex('工作经历')}\\par\\f1 2019\\endash 2020\\par\\uc1 \\u24037?\\u20316?\\par caf\\'e9`))).toEqual([
      '工作经历',
      '2019–2020',
      '工作',
      'café',
    ])
  })

  test('the second byte of a character may be a letter', async () => {
    // 嘯 is 87 5B in GBK, an opening bracket.
    expect(await textsOf(rtf("\\f0 \\'87[\\par"))).toEqual(['嘯'])
  })

  test('rows, looks, hidden text and groups that are not shown', async () => {
    const body = `{\\info{\\author Somebody}}{\\*\\generator Word;}\\trowd\\intbl Phone\\cell 138\\cell\\row\\pard{\\b\\fs32 Experience\\par}{\\v secret}{\\field{\\*\\fldinst HYPERLINK "x"}{\\fldrslt site}}\\par{\\shp{\\*\\shpinst{\\sp{\\sn a}{\\sv 1}}{\\shptxt Box\\par}}}`
    const { blocks } = await readBlocks(rtf(body))
    expect(blocks.map((block) => block.text)).toEqual(['Phone\t138', 'Experience', 'site', 'Box'])
    expect(blocks[1]).toMatchObject({ size: 16, bold: true })
  })
})

test('DOC: paragraphs, and the text box with the contacts first', async () => {
  const { type, blocks } = await readBlocks(writeDoc(['工作经历', '2019.07-至今\t澄湖网络'], '姓    名：骆云舟'))
  expect(type).toBe('doc')
  expect(blocks.map((block) => block.text)).toEqual(['姓名：骆云舟'.normalize('NFKC'), '工作经历', '2019.07-至今\t澄湖网络'])
})

test('HTML: lines of block elements, cells, neighbouring spans, nothing that the page hides', async () => {
  const html = `<!doctype html><body><h2>Work</h2><p>Acme <b>Ltd</b><br>2019</p><div><span>Go</span><span>Rust</span> <span>C</span></div>
    <ul><li>Led</li></ul><table><tr><td><p>Phone</p></td><td>138</td></tr></table><p hidden>x</p><p style="display: none">x</p><pre>a
b</pre></body>`
  const { blocks } = await readBlocks(Buffer.from(html))
  expect(blocks.map((block) => block.text)).toEqual(['Work', 'Acme Ltd', '2019', 'Go\tRust C', '• Led', 'Phone\t138', 'a', 'b'])
  expect(blocks[0]).toMatchObject({ heading: true })
})
