import { z } from 'zod'
import { AppError } from '../errors.ts'
import type { Route } from './route.ts'
import { admit } from './work.ts'

export const blobRoute: Route = {
  method: 'post',
  path: '/v1/blobs',
  id: 'uploadBlob',
  tag: 'Batches',
  summary: 'Upload one file, to be named by its sha256 in a batch line of type "resume"',
  description: 'The body is the file itself. Sending the same file again changes nothing, so no Idempotency-Key is needed.',
  permission: 'batches:write',
  body: { 'application/octet-stream': 'binary' },
  answers: { 201: { description: 'Stored', schema: z.object({ blob: z.string(), bytes: z.number() }) } },
  errors: ['too-large', 'empty', 'queue-down', 'disk-full'],
  async handle(call) {
    await admit(call)
    const { deps, caller, req } = call
    const { blobs } = deps.stores
    const { sha256, bytes, made } = await blobs.put(caller.tenant, req, { maxBytes: deps.config.maxFileBytes })
    if (bytes === 0) {
      if (made) await blobs.remove(caller.tenant, sha256, made)
      throw new AppError('empty')
    }
    return { status: 201, body: { blob: sha256, bytes } }
  },
}
