/** Worker thread of thread.test.ts. */
import { AppError } from '../src/errors.ts'
import { emitFromThread, serveThread } from '../src/thread.ts'

let calls = 0
const methods = {
  async add(a: number, b: number) {
    calls++
    return a + b
  },
  async calls() {
    return calls
  },
  async refuse() {
    throw new AppError('disk-full', 'no room', { cause: new Error('ENOSPC') })
  },
  async fail() {
    throw Object.assign(new Error('duplicate key'), { code: '23505' })
  },
  async unheard() {
    return new Promise<void>(() => undefined)
  },
  async emit(value: unknown) {
    emitFromThread(value)
  },
  async crash() {
    setImmediate(() => {
      throw new Error('crashed')
    })
    return methods.unheard()
  },
}
export type Methods = typeof methods
serveThread(methods, () => undefined)
