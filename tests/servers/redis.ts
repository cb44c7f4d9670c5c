/** The Redis server that tests may use: REDIS_URL, else skipped by name. Every test gets a database of its own number, emptied first. */
import { Redis } from 'ioredis'

export const REDIS_URL = process.env.REDIS_URL

/** The address of database `n`, empty. */
export async function freshRedis(n: number): Promise<string> {
  const url = new URL(REDIS_URL!)
  url.pathname = `/${n}`
  const client = new Redis(url.href)
  await client.flushdb()
  await client.quit()
  return url.href
}
