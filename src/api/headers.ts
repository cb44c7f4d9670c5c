import type { RequestHandler } from 'express'
import helmet from 'helmet'

/** Headers of every page and answer of both ports: nothing from other hosts, no frames. `referrer` is what pages tell of themselves. */
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
