import { defineConfig } from 'vitest/config'
import { addresses } from './servers/state.ts'

/**
 * Tests that need more than npm: servers (REDIS_URL, POSTGRES_URL, MONGO_URL, NEO4J_URL, ELASTIC_URL, ELASTIC9_URL, S3_URL, or those of `npm run
 * servers -- up`), Debian's Chromium, root for a small disk. They skip by name what is missing.
 */
export default defineConfig({
  test: {
    include: ['tests/servers/*.test.ts'],
    globalSetup: ['tests/template.ts'],
    testTimeout: 600_000,
    hookTimeout: 120_000,
    // What the environment names wins.
    env: { ...addresses(), ...process.env },
    pool: 'forks',
    maxWorkers: 1,
  },
})
