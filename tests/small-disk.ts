/** A small file system in memory that can really be full; only root may mount one, and in a container perhaps not even root. */
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { mkdtemp, readdir, rm, statfs, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Mounts over `folder`, which is made if it is not there. False where that may not be done. */
export function mount(folder: string, megabytes: number): boolean {
  mkdirSync(folder, { recursive: true })
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

export const unmount = (folder: string): void => void execFileSync('umount', ['-l', folder])

export async function canMount(): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'looma-mount-'))
  const done = mount(folder, 1)
  if (done) unmount(folder)
  await rm(folder, { recursive: true, force: true })
  return done
}

/** Leaves less than a page. */
export async function fill(folder: string): Promise<void> {
  for (let i = 0; ; i++) {
    const { bavail, bsize } = await statfs(folder)
    if (bavail === 0) return
    await writeFile(join(folder, `filler-${i}`), Buffer.alloc(bavail * bsize)).catch(() => undefined)
  }
}

export async function free(folder: string): Promise<void> {
  for (const name of await readdir(folder)) if (name.startsWith('filler-')) await rm(join(folder, name))
}
