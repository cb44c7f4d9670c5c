import { batchRoutes } from './batches.ts'
import { blobRoute } from './blobs.ts'
import { conflictRoutes } from './conflicts.ts'
import { deadLetterRoutes } from './dead-letters.ts'
import { erasureRoutes } from './erasures.ts'
import { eventsRoute } from './events.ts'
import { matchRoute } from './matches.ts'
import { queueRoute } from './queues.ts'
import { receiptRoute } from './receipt.ts'
import { recordRoutes } from './records.ts'
import type { Route } from './route.ts'
import { scheduleRoutes } from './schedules.ts'
import { syncRoutes } from './sync.ts'
import { syncedRoutes } from './synced.ts'
import { talentRoutes } from './talents.ts'
import { waitingRoute } from './waiting.ts'

/** Every route of the public API. */
export const routes: Route[] = [
  ...batchRoutes,
  receiptRoute,
  eventsRoute,
  waitingRoute,
  blobRoute,
  ...recordRoutes,
  ...talentRoutes,
  ...erasureRoutes,
  matchRoute,
  ...deadLetterRoutes,
  queueRoute,
  ...syncRoutes,
  ...syncedRoutes,
  ...conflictRoutes,
  ...scheduleRoutes,
]
