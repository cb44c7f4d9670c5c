/**
 * `npm run bench -- enqueue [--rounds N] [--seconds S] [--profile DIR]`: requests per second of POST /v1/batches against node:http with XADD
 * on the same Redis, 50 keep-alive connections each.
 */
import { parseArgs } from 'node:util'
import autocannon from 'autocannon'
import { openRedis } from './parts/redis.ts'
import { median, report, round } from './parts/report.ts'
import { type Api, type Server, startApi, startFloor } from './parts/servers.ts'

const CONNECTIONS = 50

/** One position of about 400 bytes. */
const LINE = `${JSON.stringify({
  type: 'position',
  id: 'req-4711',
  title: 'Senior data engineer 高级数据工程师',
  company: 'Example Trading',
  city: 'Shanghai',
  mustSkills: ['Python', 'SQL', 'Spark', 'Airflow'],
  niceSkills: ['Kafka', 'Kubernetes', '数据仓库'],
  minYears: 5,
  description: 'Builds and runs the pipelines that feed reporting and search; works with product and analytics in two languages.',
})}\n`

type Shot = { perSecond: number; p50: number; p99: number; errors: number }

/**
 * The two servers are processes of their own and take turns round by round, since other work on the machine moves both; the ratio is the median
 * over the rounds. Ours answers 202 once the batch is durable in the ledger; chunks go on to Redis beside it as far as the window of the
 * queue lets them. The floor answers once Redis has it in memory. Every answer other than 2xx counts as an error.
 */
export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '4' },
      profile: { type: 'string' },
    },
  })
  await using redis = await openRedis()
  if (!redis) return 1
  await using floor = await startFloor(redis.url)
  await using api = await startApi(redis.url, values.profile ? { node: ['--cpu-prof', `--cpu-prof-dir=${values.profile}`] } : {})
  const seconds = Number(values.seconds)
  await shoot(api, seconds / 2)
  await shoot(floor, seconds / 2)
  const rounds: { ours: Shot; raw: Shot }[] = []
  for (let i = 0; i < Number(values.rounds); i++) {
    const ours = await shoot(api, seconds)
    const raw = await shoot(floor, seconds)
    await redis.redis.del('floor')
    rounds.push({ ours, raw })
  }
  const ratio = round(median(rounds.map(({ ours, raw }) => ours.perSecond / raw.perSecond)))
  const errors = rounds.reduce((sum, { ours, raw }) => sum + ours.errors + raw.errors, 0)
  const middle = (side: 'ours' | 'raw', value: keyof Shot) => Math.round(median(rounds.map((one) => one[side][value])))
  const row = (server: string, side: 'ours' | 'raw') => ({
    server,
    'req/s': middle(side, 'perSecond'),
    'p50 ms': middle(side, 'p50'),
    'p99 ms': middle(side, 'p99'),
  })
  report([row('POST /v1/batches', 'ours'), row('node:http + XADD', 'raw')], {
    bench: 'enqueue',
    ratio,
    errors,
    perSecond: middle('ours', 'perSecond'),
    p99Ms: middle('ours', 'p99'),
    ratios: rounds.map(({ ours, raw }) => round(ours.perSecond / raw.perSecond)),
    lineBytes: Buffer.byteLength(LINE),
  })
  return errors > 0 ? 1 : 0
}

async function shoot(server: Server & Partial<Api>, seconds: number): Promise<Shot> {
  const result = await autocannon({
    url: `${server.url}/v1/batches`,
    method: 'POST',
    connections: CONNECTIONS,
    duration: seconds,
    headers: {
      'content-type': 'application/x-ndjson',
      'x-request-id': 'bench-1',
      ...(server.token && { authorization: `Bearer ${server.token}` }),
    },
    body: LINE,
  })
  return {
    perSecond: result.requests.total / result.duration,
    p50: result.latency.p50,
    p99: result.latency.p99,
    errors: result.errors + result.non2xx,
  }
}
