/** Memory of another process. */
import { readFileSync } from 'node:fs'

/** Linux counts statm in pages; 4 KiB on x86-64 and on the usual arm64 kernels. */
const PAGE = 4096

/** Resident set of a process in bytes, or null where /proc is missing or the process has ended. */
export function residentBytes(pid: number): number | null {
  try {
    const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1])
    return Number.isFinite(pages) ? pages * PAGE : null
  } catch {
    return null
  }
}
