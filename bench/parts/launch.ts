import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { Usage } from './options.ts'

type Runnable = { run: (args: string[]) => Promise<number> }

/**
 * Runs `<folder>/<name>.ts`, name and arguments taken from the command line. Resolves to the exit code: the one of its `run(args)`, or 2 with
 * a hint where the name is missing or unknown, or an option is.
 */
export async function launch(folder: string, [name, ...args]: string[]): Promise<number> {
  const names = readdirSync(folder)
    .filter((file) => file.endsWith('.ts') && file !== 'run.ts')
    .map((file) => file.slice(0, -3))
  if (name === undefined || !names.includes(name)) {
    console.error(`usage: npm run ${basename(folder)} -- NAME [options]\nnames: ${names.join(', ')}`)
    return 2
  }
  const { run } = (await import(join(folder, `${name}.ts`))) as Runnable
  try {
    return await run(args)
  } catch (error) {
    const { code, message } = error as { code?: string; message: string }
    if (!(error instanceof Usage) && !code?.startsWith('ERR_PARSE_ARGS')) throw error
    console.error(`${basename(folder)} ${name}: ${message}\nits options stand at the top of ${basename(folder)}/${name}.ts`)
    return 2
  }
}
