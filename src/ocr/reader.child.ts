/** An OCR reader of reader.ts: one process, one thread, the models loaded once. A hostile image can at worst end this process. */
import { AppError } from '../errors.ts'
import { serve } from '../resume/serve.ts'
import { type OcrModels, openModels } from './models.ts'
import type { PageNote, ScanRequest } from './protocol.ts'
import { readScan } from './read.ts'

let models: Promise<OcrModels> | undefined

serve<ScanRequest>(async (bytes, { maxPages }) => {
  models ??= openModels().catch((cause) => {
    models = undefined
    throw new AppError('model-unavailable', undefined, { cause })
  })
  return readScan(await models, bytes, {
    maxPages,
    onPage: (page, of) => {
      process.send?.({ status: 'page', page, of } satisfies PageNote)
      globalThis.gc?.()
    },
  })
})
