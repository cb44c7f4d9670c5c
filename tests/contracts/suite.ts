/** Each file of this folder is the contract of one port, run on every adapter: one that passes behaves as the port says. */
import { afterEach, beforeEach, describe } from 'vitest'
import { Position, Talent } from '../../src/canonical/schema.ts'

export const talent = (data: Partial<Talent> = {}): Talent => Talent.parse(data)
export const position = (data: Partial<Position> = {}): Position => Position.parse({ title: 'Engineer', ...data })

export type Open<T> = () => Promise<{ store: T; close: () => Promise<void> | void }>

/** `store()` is a fresh one in every test. */
export function suite<T>(name: string, open: Open<T>, body: (store: () => T) => void): void {
  describe(name, () => {
    let opened: Awaited<ReturnType<Open<T>>>
    beforeEach(async () => {
      opened = await open()
    })
    afterEach(async () => opened.close())
    body(() => opened.store)
  })
}

export const UNICODE = ['张伟', '軟體', 'Zoë', 'عربى', '👩🏽‍💻', 'a\u0000b', "o'; drop table documents; --", '\ud83d', '%_', '"', ' ']
