/** Statements that an erasure was done: signed with the secret of our own tokens, checked by whoever holds it. */
import { CompactSign, compactVerify } from 'jose'
import type { Config } from '../config.ts'
import { authSecret } from './auth.ts'

export type Proofs = {
  sign(claims: Record<string, unknown>): Promise<string>
  /** What it says; null where it does not carry our signature. */
  read(proof: string): Promise<Record<string, unknown> | null>
}

/** Another type than that of tokens, so that neither can stand for the other. */
const TYPE = 'looma-erasure'

export function createProofs(config: Pick<Config, 'auth' | 'dataDir'>): Proofs {
  const secret = () => authSecret(config)
  return {
    sign: (claims) =>
      new CompactSign(new TextEncoder().encode(JSON.stringify(claims))).setProtectedHeader({ alg: 'HS256', typ: TYPE }).sign(secret()),
    async read(proof) {
      try {
        const { payload, protectedHeader } = await compactVerify(proof, secret(), { algorithms: ['HS256'] })
        return protectedHeader.typ === TYPE ? JSON.parse(new TextDecoder().decode(payload)) : null
      } catch {
        return null
      }
    },
  }
}
