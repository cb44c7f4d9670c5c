/** The OpenAPI 3.1 document, made from the same routes and schemas that serve and validate. */
import { z } from 'zod'
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from 'zod-openapi'
import { ERRORS, type ErrorCode } from '../errors.ts'
import { itemTypes, jobNames, jobs } from '../queues/index.ts'
import { PERMISSIONS } from './auth.ts'
import type { Route } from './route.ts'
import { routes } from './routes.ts'

const Problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number(),
    code: z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]),
    detail: z.string().optional(),
    instance: z.string().optional(),
    errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem details; `title` comes in the language of Accept-Language (en, zh).' })

const HEADERS = {
  'Idempotency-Key': z
    .string()
    .max(200)
    .optional()
    .meta({ description: 'Same key and body: the first answer again. Same key, other body: 422.' }),
  Prefer: z.string().optional().meta({ description: '`wait=5`: the finished result when it is ready within 5 seconds (at most 60).' }),
}

function operation(route: Route): ZodOpenApiOperationObject {
  const params = [...route.path.matchAll(/\{(\w+)\}/g)].map((m) => m[1]!)
  const codes = new Set<ErrorCode>([
    'unauthenticated',
    'token-expired',
    'forbidden',
    'internal',
    ...(route.query ? (['invalid-request'] as const) : []),
    ...(route.errors ?? []),
  ])
  const byStatus = Map.groupBy(codes, (code) => ERRORS[code].status)
  return {
    operationId: route.id,
    summary: route.summary,
    description: [route.description, `Roles: ${PERMISSIONS[route.permission].join(', ')}.`].filter(Boolean).join('\n\n'),
    tags: [route.tag],
    requestParams: {
      ...(params.length > 0 && { path: z.object(Object.fromEntries(params.map((name) => [name, z.string()]))) }),
      ...(route.query && { query: route.query }),
      ...(route.method === 'post' && { header: z.object(HEADERS) }),
    },
    ...(route.body && {
      requestBody: {
        required: true,
        content: Object.fromEntries(
          Object.entries(route.body).map(([type, schema]) => [
            type,
            { schema: schema === 'binary' ? { type: 'string' as const, format: 'binary' } : schema },
          ]),
        ),
      },
    }),
    responses: {
      ...Object.fromEntries(
        Object.entries(route.answers).map(([status, { description, schema, type }]) => [
          status,
          {
            description,
            ...((schema || type) && { content: { [type ?? 'application/json']: { schema: schema ?? { type: 'string' as const } } } }),
          },
        ]),
      ),
      ...Object.fromEntries(
        [...byStatus].map(([status, list]) => [
          String(status),
          {
            description: list.map((code) => `\`${code}\`: ${ERRORS[code].en}`).join('\n\n'),
            content: { 'application/problem+json': { schema: Problem } },
          },
        ]),
      ),
    },
  }
}

export function createOpenApi(version: string): ReturnType<typeof createDocument> {
  const paths: ZodOpenApiPathsObject = {}
  for (const route of routes) paths[route.path] = { ...paths[route.path], [route.method]: operation(route) }
  const types = [...itemTypes.values()].map(
    ({ type, stages, example }) =>
      `- \`${type}\` goes through ${stages.map((s) => `\`${s}\``).join(' → ')}, e.g. \`${JSON.stringify({ type, ...(example as object) })}\``,
  )
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Looma',
      version,
      description: [
        'Batches of résumés, talents and positions in; parsed, embedded, searchable, matched talents out.',
        `### Item types of a batch\n${types.join('\n')}`,
        `### Jobs\n${jobNames.map((name) => `- \`${name}\`: ${jobs[name].about}`).join('\n')}`,
      ].join('\n\n'),
    },
    security: [{ bearer: [] }],
    components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } } },
    paths,
  })
}
