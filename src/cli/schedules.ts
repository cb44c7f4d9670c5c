/** `looma schedules`: what is started by itself, from a terminal. */
import type { z } from 'zod'
import type { OneScheduleView, ScheduleView } from '../api/schedule-views.ts'
import { columns, minute, type Remote } from './remote.ts'

type Print = (line: string) => void
type Schedule = z.infer<typeof ScheduleView>

async function all(remote: Remote): Promise<Schedule[]> {
  const found: Schedule[] = []
  for (let cursor = ''; ; ) {
    const { data, next } = await remote<{ data: Schedule[]; next: string | null }>('GET', `/v1/schedules?limit=100${cursor}`)
    found.push(...data)
    if (next === null) return found
    cursor = `&cursor=${next}`
  }
}

/** By its name or id. Throws with the names there are. */
async function find(remote: Remote, name: string): Promise<Schedule> {
  const schedules = await all(remote)
  const found = schedules.find((one) => one.name === name || one.id === name)
  if (found) return found
  const names = schedules.map((one) => one.name).join(', ')
  throw new Error(`there is no schedule ${name}; ${names ? `there are ${names}` : 'there is none at all'}`)
}

export async function listSchedules(remote: Remote, print: Print): Promise<void> {
  const schedules = await all(remote)
  if (schedules.length === 0) return print('No schedules.')
  const rows = schedules.map(({ name, cron, zone, paused, next, running }) => [
    name,
    cron,
    zone,
    paused ? 'paused' : minute(next[0]?.startsAt),
    running.length,
  ])
  for (const line of columns([['NAME', 'CRON', 'ZONE', 'NEXT (UTC)', 'RUNNING'], ...rows])) print(line)
}

export async function showNext(remote: Remote, name: string, print: Print): Promise<void> {
  const { id } = await find(remote, name)
  const { next, paused, occurrences } = await remote<z.infer<typeof OneScheduleView>>('GET', `/v1/schedules/${id}`)
  if (paused) print('It is paused: nothing comes by itself.')
  for (const { due, startsAt } of next) print(startsAt === due ? due : `${due}, starts ${startsAt}`)
  if (occurrences.length > 0) print('Before:')
  for (const { due, status, reason, batchId } of occurrences)
    print(`${due}  ${status}${reason ? ` (${reason})` : ''}${batchId ? `  ${batchId}` : ''}`)
}

export async function pauseSchedule(remote: Remote, name: string, paused: boolean, print: Print): Promise<void> {
  const { id } = await find(remote, name)
  const now = await remote<Schedule>('PATCH', `/v1/schedules/${id}`, { paused })
  print(now.paused ? `${now.name} is paused.` : `${now.name} goes on; next ${minute(now.next[0]?.startsAt)} UTC.`)
}

export async function runScheduleNow(remote: Remote, name: string, print: Print): Promise<void> {
  const { id } = await find(remote, name)
  const batch = await remote<{ id: string }>('POST', `/v1/schedules/${id}/run`)
  print(`started as batch ${batch.id}`)
}
