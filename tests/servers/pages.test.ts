/** The pages in a real browser: something is on them, nothing fails, and nobody else is asked for anything. */
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { jobNames } from '../../src/queues/index.ts'
import { passwordOf } from '../admin.ts'
import { type System, startSystem } from '../support.ts'

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find((path) => existsSync(path))
/** A folder for the screenshots, for people who want to look. */
const SCREENSHOTS = process.env.SCREENSHOTS

describe.skipIf(!CHROMIUM)('in Chromium (Debian package chromium)', () => {
  let system: System
  let browser: Browser
  let page: Page
  const faults: string[] = []
  const hosts = new Set<string>()
  beforeAll(async () => {
    system = await startSystem()
    const acme = await system.as('acme')
    await acme.batch([
      { type: 'talent', id: 't', name: '林晓', skills: ['Java'], location: '上海' },
      { type: 'position', id: 'p', title: 'Data engineer', mustSkills: ['SQL'] },
    ])
    // A fresh profile each time: what a first visitor sees.
    browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    })
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } })
    page = await context.newPage()
    page.on('console', (message) => void (message.type() === 'error' && faults.push(message.text())))
    page.on('pageerror', (error) => void faults.push(error.message))
    page.on('request', (request) => {
      const { protocol, hostname } = new URL(request.url())
      if (protocol !== 'data:' && protocol !== 'blob:') hosts.add(hostname)
    })
  })
  afterAll(async () => {
    await browser?.close()
    await system?.[Symbol.asyncDispose]()
  })

  /** Colours on the page as drawn, counted by the browser itself. */
  async function coloursOf(image: Buffer): Promise<number> {
    const blank = await browser.newPage()
    try {
      // As text: the types of a browser are not those of this project.
      return await blank.evaluate<number>(`(async () => {
        const bitmap = await createImageBitmap(await (await fetch('data:image/png;base64,${image.toString('base64')}')).blob())
        const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d')
        context.drawImage(bitmap, 0, 0)
        return new Set(new Uint32Array(context.getImageData(0, 0, bitmap.width, bitmap.height).data.buffer)).size
      })()`)
    } finally {
      await blank.close()
    }
  }

  async function looksFine(name: string, words: string[]): Promise<void> {
    for (const word of words) await page.getByText(word, { exact: false }).first().waitFor({ state: 'visible', timeout: 20_000 })
    if (SCREENSHOTS) await mkdir(SCREENSHOTS, { recursive: true })
    const image = await page.screenshot(SCREENSHOTS ? { path: join(SCREENSHOTS, `${name}.png`) } : {})
    expect(await coloursOf(image), name).toBeGreaterThan(1)
    expect(faults, name).toEqual([])
    expect([...hosts], name).toEqual(['127.0.0.1'])
    // Nothing sticks out to the side.
    const wider = 'document.documentElement.scrollWidth - document.documentElement.clientWidth'
    expect(await page.evaluate<number>(wider), name).toBeLessThanOrEqual(0)
  }

  it('/docs lists the routes and opens one', async () => {
    await page.goto(`${system.apiUrl}/docs`)
    await looksFine('docs', ['Looma', 'Submit a batch', 'Read a talent', 'Run dead letters again'])
    await page.getByText('Submit a batch').click()
    await looksFine('docs-open', ['Idempotency-Key', 'too-many-items'])
  })

  it('/docs/errors explains the codes', async () => {
    await page.goto(`${system.apiUrl}/docs/errors#poison`)
    await looksFine('errors', ['Error codes', 'poison', '已隔离'])
  })

  it('/login refuses and lets in, / and /audit show who did what', async () => {
    await page.goto(`${system.adminUrl}/login`)
    await looksFine('login', ['Looma', 'Password'])
    await page.getByLabel('Password').fill('wrong')
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByRole('alert').waitFor()
    // The browser itself logs the 401 of the form.
    faults.splice(0, faults.length, ...faults.filter((fault) => !/status of 401/.test(fault)))
    await looksFine('login-refused', ['密码错误'])
    await page.getByLabel('Password').fill(passwordOf(system.dataDir, 'operator'))
    await page.getByRole('button', { name: 'Log in' }).click()
    await looksFine('home', ['Processes', 'operator', 'resume-parse'])
    await page.getByRole('link', { name: 'Audit log' }).click()
    await looksFine('audit', ['login', 'refused', 'ok'])
  })

  it('/board shows every queue by name, and one with its jobs', async () => {
    await page.goto(`${system.adminUrl}/board`)
    await looksFine('board', [...jobNames])
    expect(await page.getByText('No workers').count()).toBe(0)
    await page.goto(`${system.adminUrl}/board/queue/ingest?status=completed`)
    await looksFine('board-queue', ['ingest', 'Completed'])
    await page.getByText('林晓').waitFor({ state: 'detached' })
  })

  it('narrow screens get the pages too', async () => {
    await page.setViewportSize({ width: 390, height: 800 })
    for (const [name, path, word] of [
      ['narrow-home', '/', 'Processes'],
      ['narrow-audit', '/audit', 'login'],
    ] as const) {
      await page.goto(system.adminUrl + path)
      await looksFine(name, [word])
    }
    await page.goto(`${system.apiUrl}/docs/errors`)
    await looksFine('narrow-errors', ['Error codes'])
  })
})
