/** Takes what a run wrote over into the projections while the run goes on. */
import type { Run } from '../canonical/sync.ts'
import type { RunDeps } from './run.ts'
import type { Settled } from './settle.ts'

export type Projector = { take(written: Settled[]): Promise<void>; end(): Promise<void>; settle(): Promise<void> }

/** Projects one page while the next is being stored. What fails here keeps its marks, so it does not fail the run. */
export function createProjector({ project, signal }: Pick<RunDeps, 'project' | 'signal'>, run: Run): Projector {
  let work: Promise<void> = Promise.resolve()
  const end = () => work
  return {
    async take(written) {
      if (!project || written.length === 0) return
      await work
      work = project(written).then(
        () => {
          run.projected += written.length
        },
        () => undefined,
      )
      signal.throwIfAborted()
    },
    end,
    settle: end,
  }
}
