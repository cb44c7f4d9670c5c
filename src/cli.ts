#!/usr/bin/env node
/** The `looma` command. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { issueToken, TENANT, ROLES as TOKEN_ROLES } from './api/auth.ts'
import { type QueriesOptions, SORTS } from './cli/queries.ts'
import { ConfigError, environment, ROLES, type Role, readConfig } from './config.ts'
import { onSignals } from './lifecycle.ts'
import { createLog } from './log.ts'
import { VERSION } from './version.ts'

const program = new Command('looma')
  .description('Background job queue for talent data: batches in, parsed, embedded, searchable, matched talents out.')
  .showHelpAfterError('(looma --help lists what there is)')
  .configureHelp({ showGlobalOptions: true })
  .exitOverride()
program.version(VERSION)

program
  .command('serve')
  .showHelpAfterError('(looma serve --help lists its options)')
  .description('run Looma until it is stopped')
  .addOption(new Option('--role <role>', 'which part to run').choices(ROLES).default('all'))
  .option('--data <dir>', 'data folder (DATA_DIR)')
  .option('--port <port>', 'port of the API (PORT)')
  .option('--admin-port <port>', 'port of board, metrics and health (ADMIN_PORT)')
  .action(async (options: { role: Role; data?: string; port?: string; adminPort?: string }) => {
    const config = readConfig(options.role, withOptions(options))
    const log = createLog(config.logLevel, { role: config.role })
    const { startLooma } = await import('./main.ts')
    const running = await startLooma(config, log)
    onSignals(async (signal) => {
      log.info({ signal }, 'stopping')
      await running.stop()
    })
    process.stdout.write(`Looma is up (role ${config.role}, pid ${process.pid})\n${running.lines.map((line) => `  ${line}\n`).join('')}`)
  })

program
  .command('doctor')
  .showHelpAfterError('(looma doctor --help lists its options)')
  .description('look at the queue and every store as configured: reachable, version, settings that lose data; prints what to do')
  .option('--json', 'print one JSON object')
  .option('--data <dir>', 'data folder (DATA_DIR)')
  .action(async (options: { json?: boolean; data?: string }) => {
    const { doctor } = await import('./cli/stores.ts')
    process.exitCode = await doctor(readConfig('all', withOptions(options)), options, line)
  })

program
  .command('migrate')
  .showHelpAfterError('(looma migrate --help lists its options)')
  .description('bring the schema of every store to this version; one process at a time, forward only')
  .option('--dry-run', 'print what would be done')
  .option('--data <dir>', 'data folder (DATA_DIR)')
  .action(async (options: { dryRun?: boolean; data?: string }) => {
    const { migrateStores } = await import('./cli/stores.ts')
    process.exitCode = await migrateStores(readConfig('all', withOptions(options)), options, line)
  })

program
  .command('token')
  .showHelpAfterError('(looma token --help lists its options)')
  .description('print a bearer token for the API')
  .requiredOption('--tenant <tenant>', 'tenant the token is for', tenantName)
  .addOption(new Option('--role <role>', 'what its holder may do').choices(TOKEN_ROLES).default('recruiter'))
  .option('--subject <name>', 'who holds it', named, 'cli')
  .option('--hours <n>', 'hours until it expires', hours, 24)
  .option('--data <dir>', 'data folder (DATA_DIR)')
  .action(async (options: { tenant: string; role: (typeof TOKEN_ROLES)[number]; subject: string; hours: number; data?: string }) => {
    const config = readConfig('all', withOptions(options))
    if (config.auth.jwksUrl) throw new ConfigError('AUTH_JWKS_URL is set: tokens come from that issuer, Looma cannot make them')
    if (!config.auth.secret && !existsSync(join(config.dataDir, 'auth-secret')))
      process.stderr.write(`${config.dataDir} had no secret and has one now: only a Looma on this data folder takes the token\n`)
    process.stdout.write(`${await issueToken(config, options, options.hours)}\n`)
  })

program
  .command('embed')
  .showHelpAfterError('(looma embed --help lists its options)')
  .description('vectors for lines of {"id","text"} from stdin, as lines of {"id","vector"} on stdout; needs no server')
  .action(async () => {
    const config = readConfig('all')
    const [{ createEmbedder }, { embedStream }] = await Promise.all([import('./models/engine.ts'), import('./models/embed-stream.ts')])
    const embedder = await createEmbedder({
      modelDir: config.modelsDir,
      hosts: config.modelHosts,
      cacheDb: null,
      log: createLog(config.logLevel),
    })
    try {
      const { embedded, failed } = await embedStream(process.stdin, process.stdout, embedder)
      process.stderr.write(`${embedded} embedded, ${failed} failed\n`)
      if (failed > 0) process.exitCode = 1
    } finally {
      await embedder.close()
    }
  })

program
  .command('parse')
  .showHelpAfterError('(looma parse --help lists its options)')
  .description('read résumé files or folders of them here, without a server, and print what was found')
  .argument('<path...>', 'files or folders', existing)
  .addOption(new Option('--json', 'one JSON object a line for each file').conflicts('jsonResume'))
  .option('--json-resume', 'one JSON Resume a line for each file that could be read')
  .option('--explain', 'with each field its confidence and the lines it came from')
  .option('--report <file>', 'write one HTML page with the documents beside their fields')
  .action(async (paths: string[], options: { json?: boolean; jsonResume?: boolean; explain?: boolean; report?: string }) => {
    const config = readConfig('all')
    const { parse } = await import('./cli/parse.ts')
    process.exitCode = await parse(paths, options, { ...config.parse, ocr: config.ocr, maxBytes: config.maxFileBytes })
  })

program
  .command('storage')
  .showHelpAfterError('(looma storage --help lists what there is)')
  .description('look at the stores of a running Looma: queries')
  .command('queries')
  .showHelpAfterError('(looma storage queries --help lists its options)')
  .description('what a process asked of its stores since it started, how fast they answered, and by which plan')
  .option('--admin <url>', 'admin address of the process; else the one of the configuration')
  .addOption(new Option('--sort <column>', 'largest first').choices(SORTS).default('p99'))
  .option('--json', 'print one JSON object')
  .action(async (options: QueriesOptions) => {
    const { listQueries } = await import('./cli/queries.ts')
    await listQueries(readConfig('all'), options, line)
  })

type RemoteOptions = { tenant?: string; url?: string; data?: string }
async function remoteOf(options: RemoteOptions, role: (typeof TOKEN_ROLES)[number] = 'ops') {
  const { connect } = await import('./cli/remote.ts')
  return connect(readConfig('all', withOptions({ data: options.data })), { ...options, role, token: environment().LOOMA_TOKEN })
}
/** A command that works on a running Looma. */
const remoteCommand = (parent: Command, usage: string, about: string): Command =>
  parent
    .command(usage)
    .showHelpAfterError(`(looma ${parent.name()} ${usage.split(' ')[0]} --help lists its options)`)
    .description(about)
    .option('--tenant <tenant>', 'tenant to work for; not needed with LOOMA_TOKEN', tenantName)
    .option('--url <url>', 'address of the API; else the one of the configuration')
    .option('--data <dir>', 'data folder (DATA_DIR)')

const sync = program
  .command('sync')
  .showHelpAfterError('(looma sync --help lists what there is)')
  .description('read source systems: run, sources, runs, verify')
remoteCommand(sync, 'run <source>', 'read a source now, and show how far it is')
  .addOption(new Option('--mode <mode>', 'what to read').choices(['incremental', 'full', 'record']).default('incremental'))
  .option('--entity <entity>', 'one entity of the source')
  .option('--id <id>', "the source's own id (mode record)")
  .option('--dry-run', 'tell what would change, change nothing')
  .option('--confirm-deletes', 'carry out deletes that were held back')
  .option('--json', 'print the report as one JSON object')
  .action(async (source: string, { tenant, url, data, ...options }: RemoteOptions & import('./cli/sync.ts').RunOptions) => {
    const { runSource } = await import('./cli/sync.ts')
    process.exitCode = await runSource(await remoteOf({ tenant, url, data }), source, options, process.stderr, line)
  })
remoteCommand(sync, 'sources', 'list the sources and how far each was read').action(async (options: RemoteOptions) => {
  const { listSources } = await import('./cli/sync.ts')
  await listSources(await remoteOf(options), line)
})
remoteCommand(sync, 'runs', 'list the last runs').action(async (options: RemoteOptions) => {
  const { listRuns } = await import('./cli/sync.ts')
  await listRuns(await remoteOf(options), line)
})

sync
  .command('verify')
  .showHelpAfterError('(looma sync verify --help lists its options)')
  .description('compare what sources say, documents, search, graph and vectors; prints what differs')
  .requiredOption('--tenant <tenant>', 'tenant to look at', tenantName)
  .option('--repair', 'mark what differs, so that a running Looma writes it anew')
  .option('--json', 'print one JSON object')
  .option('--data <dir>', 'data folder (DATA_DIR)')
  .action(async (options: { tenant: string; repair?: boolean; json?: boolean; data?: string }) => {
    const { verify } = await import('./cli/verify.ts')
    process.exitCode = await verify(readConfig('all', withOptions({ data: options.data })), options, line)
  })

const schedules = program
  .command('schedules')
  .showHelpAfterError('(looma schedules --help lists what there is)')
  .description('what is started by itself: ls, next, pause, resume, run')
remoteCommand(schedules, 'ls', 'list the schedules with their next times').action(async (options: RemoteOptions) => {
  const { listSchedules } = await import('./cli/schedules.ts')
  await listSchedules(await remoteOf(options), line)
})
remoteCommand(schedules, 'next <name>', 'the next five times of a schedule, and what became of the last ten').action(
  async (name: string, options: RemoteOptions) => {
    const { showNext } = await import('./cli/schedules.ts')
    await showNext(await remoteOf(options), name, line)
  },
)
for (const paused of [true, false])
  remoteCommand(
    schedules,
    paused ? 'pause <name>' : 'resume <name>',
    paused ? 'start nothing until it is resumed' : 'go on from now; what was due meanwhile is not made up for',
  ).action(async (name: string, options: RemoteOptions) => {
    const { pauseSchedule } = await import('./cli/schedules.ts')
    await pauseSchedule(await remoteOf(options), name, paused, line)
  })
remoteCommand(schedules, 'run <name>', 'start it once now, whatever runs').action(async (name: string, options: RemoteOptions) => {
  const { runScheduleNow } = await import('./cli/schedules.ts')
  await runScheduleNow(await remoteOf(options), name, line)
})

const erasures = program
  .command('erasures')
  .showHelpAfterError('(looma erasures --help lists what there is)')
  .description('who was erased: ls, export, repeat')
remoteCommand(erasures, 'ls', 'list who was erased, by the ids they had').action(async (options: RemoteOptions) => {
  const { listErasures } = await import('./cli/erasures.ts')
  await listErasures(await remoteOf(options, 'recruiter'), line)
})
remoteCommand(erasures, 'export', 'print the proofs, one a line: to be kept apart from backups').action(async (options: RemoteOptions) => {
  const { exportErasures } = await import('./cli/erasures.ts')
  process.exitCode = await exportErasures(await remoteOf(options, 'recruiter'), line, note)
})
remoteCommand(erasures, 'repeat <file>', 'erase again, after a restore, whom the proofs in the file tell of').action(
  async (file: string, options: RemoteOptions) => {
    const { repeatErasures } = await import('./cli/erasures.ts')
    process.exitCode = await repeatErasures(await remoteOf(options, 'recruiter'), file, line, note)
  },
)

function note(text: string): void {
  process.stderr.write(`${text}\n`)
}

function line(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** commander hands in the arguments before this one. */
function existing(path: string, before: string[] = []): string[] {
  if (!existsSync(path)) throw new InvalidArgumentError('there is no such file or folder')
  return [...before, path]
}

function withOptions(options: { data?: string; port?: string; adminPort?: string }): Record<string, string | undefined> {
  const { data, port, adminPort } = options
  return { ...environment(), ...(data && { DATA_DIR: data }), ...(port && { PORT: port }), ...(adminPort && { ADMIN_PORT: adminPort }) }
}

function hours(value: string): number {
  const n = Number(value)
  if (!(n >= 0.01 && n <= 87_600)) throw new InvalidArgumentError('must be a number from 0.01 to 87600 (ten years)')
  return n
}

function tenantName(value: string): string {
  if (!TENANT.test(value)) throw new InvalidArgumentError('letters, digits, dot, dash and underscore, at most 64')
  return value
}

function named(value: string): string {
  if (value.trim() === '') throw new InvalidArgumentError('must not be empty')
  return value
}

// `looma doctor | head`: who reads has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit()
})

try {
  // `looma` alone is no mistake.
  if (process.argv.length < 3) program.outputHelp()
  else await program.parseAsync()
} catch (error) {
  // Help and version end with 0, mistakes of the caller with 2, what went wrong while running with 1.
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2
  else if (error instanceof ConfigError) {
    process.stderr.write(`The configuration is not valid:\n${error.message.replace(/^/gm, '  ')}\n(.env.example lists every key)\n`)
    process.exitCode = 2
  } else {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exit(1)
  }
}
