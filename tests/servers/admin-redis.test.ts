/** The admin port on a real Redis. */
import { describe } from 'vitest'
import { adminSuite } from '../admin.ts'
import { startSystem } from '../support.ts'
import { freshRedis, REDIS_URL } from './redis.ts'

describe.skipIf(!REDIS_URL)('the admin port', () => {
  adminSuite('on Redis', async () => startSystem({ QUEUE_URL: await freshRedis(5) }))
})
