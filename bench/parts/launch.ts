import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'

type Runnable = { run: (args: string[]) => Promise<number> }

/**
 * Runs `<folder>/<name>.ts`, name and arguments taken from the command line. Resolves to the exit code: the one of its `run(args)`, or 2 with
 * the list of names where the name is missing or unknown.
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
  return run(args)
}
