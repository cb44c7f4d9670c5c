/** How the generations of Zervigo differ: paths, names of parameters and places in the answer. C is the newest; A and B share all but ports. */
import { z } from 'zod'
import { isZone } from '../times.ts'

export type EntityName = 'users' | 'jobs' | 'companies'
export type ListProfile = {
  path: string
  /** One record; {id} stands for its id. Null where reading one changes it (A and B count views). */
  one: string | null
  page: string
  size: string
  /** The service silently takes its default for more. */
  maxSize: number
  /** Where an answer has the list. */
  list: string
  /** The list's items lack what matters: every one is read on its own. */
  details: boolean
  /** Needs a token. */
  login: boolean
  updatedAt: string
}
export type Profile = {
  /** Times carry a Z (or an offset) that means nothing: they are the server's local time. */
  trustOffset: boolean
  login: { path: string; token: (data: Record<string, unknown>) => unknown }
  lists: Partial<Record<EntityName, ListProfile>>
}

const LEGACY: Profile = {
  trustOffset: true,
  login: { path: '/api/v1/auth/login', token: (data) => data.token },
  lists: {
    users: {
      path: '/api/v1/users',
      one: null,
      page: 'page',
      size: 'page_size',
      maxSize: 100,
      list: 'users',
      details: false,
      login: true,
      updatedAt: 'updated_at',
    },
    jobs: {
      path: '/api/v1/job/public/jobs',
      one: null,
      page: 'page',
      size: 'page_size',
      maxSize: 100,
      list: 'jobs',
      details: false,
      login: false,
      updatedAt: 'updated_at',
    },
    companies: {
      path: '/api/v1/company/public/companies',
      one: null,
      page: 'page',
      size: 'page_size',
      maxSize: 100,
      list: 'companies',
      details: false,
      login: false,
      updatedAt: 'updated_at',
    },
  },
}

export const PROFILES: Record<'A' | 'B' | 'C', Profile> = {
  A: LEGACY,
  B: LEGACY,
  C: {
    trustOffset: false,
    login: { path: '/api/v1/auth/login', token: (data) => data.accessToken ?? data.token },
    lists: {
      // Without the slash at its end the path is a redirect.
      users: {
        path: '/api/v1/users/',
        one: '/api/v1/users/{id}',
        page: 'page',
        size: 'page_size',
        maxSize: 500,
        list: 'list',
        details: false,
        login: true,
        updatedAt: 'updated_at',
      },
      jobs: {
        path: '/api/v1/jobs',
        one: '/api/v1/jobs/{id}',
        page: 'page',
        size: 'pageSize',
        maxSize: 100,
        list: 'items',
        details: true,
        login: false,
        updatedAt: 'updatedAt',
      },
    },
  },
}

const ServiceUrl = z.url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' })
export const ZervigoSettings = z.strictObject({
  generation: z.enum(['A', 'B', 'C']).default('C'),
  /** One for each service that is to be read: the ports differ from one installation to the next. */
  urls: z.strictObject({ auth: ServiceUrl, users: ServiceUrl.optional(), jobs: ServiceUrl.optional(), companies: ServiceUrl.optional() }),
  username: z.string().min(1),
  password: z.string().min(1),
  zone: z
    .string()
    .default('Asia/Shanghai')
    .refine(isZone, 'is not a time zone')
    .meta({ description: "The source servers' time zone, an IANA name." }),
  timeoutMs: z.number().int().min(100).max(600_000).default(30_000),
})
export type ZervigoSettings = z.infer<typeof ZervigoSettings>
