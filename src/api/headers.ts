import type { RequestHandler, Response } from 'express'
import helmet from 'helmet'

/** Headers of every answer of the API: it is data, in no page and in no cache that somebody else can read. */
export function setApiHeaders(res: Response): void {
  res.setHeader('x-content-type-options', 'nosniff')
  res.setHeader('content-security-policy', "default-src 'none'; frame-ancestors 'none'")
  res.setHeader('cache-control', 'no-store')
}

/** Headers of every page of both ports: nothing from other hosts, no frames. `referrer` is what pages tell of themselves. */
export const securityHeaders = (referrer: 'no-referrer' | 'same-origin'): RequestHandler =>
  helmet({
    contentSecurityPolicy: {
      directives: {
        defaultSrc: ["'self'"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:'],
        fontSrc: ["'self'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
        upgradeInsecureRequests: null,
      },
    },
    // Plain HTTP behind a proxy is usual; the proxy says it.
    strictTransportSecurity: false,
    referrerPolicy: { policy: referrer },
  })
