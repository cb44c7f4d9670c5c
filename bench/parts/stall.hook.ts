/** Loaded into an API process by `--import`: tells its parent, when asked, the longest time that its event loop was blocked since the last question. */
import { monitorEventLoopDelay } from 'node:perf_hooks'

const RESOLUTION_MS = 1
const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
delay.enable()
process.on('message', (message) => {
  if (message !== 'stall') return
  // The histogram holds the whole time between two turns of its timer, in nanoseconds.
  process.send?.({ maxMs: Math.max(0, delay.max / 1e6 - RESOLUTION_MS), p99Ms: Math.max(0, delay.percentile(99) / 1e6 - RESOLUTION_MS) })
  delay.reset()
})
process.channel?.unref()
