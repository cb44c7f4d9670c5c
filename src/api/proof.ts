/** Statements that an erasure was done: signed with the secret of our own tokens, checked by whoever holds it. */
import { CompactSign, compactVerify } from 'jose'
import type { Config } from '../config.ts'
import { authSecret } from './auth.ts'

export type Proofs = { sign(claims: Record<string, unknown>): Promise<string>; isGenuine(proof: string): Promise<boolean> }

/** Another type than that of tokens, so that neither can stand for the other. */
const TYPE = 'looma-erasure'

export function createProofs(config: Pick<Config, 'auth' | 'dataDir'>): Proofs {
  const secret = () => authSecret(config)
  return {
    sign: (claims) =>
      new CompactSign(new TextEncoder().encode(JSON.stringify(claims))).setProtectedHeader({ alg: 'HS256', typ: TYPE }).sign(secret()),
    async isGenuine(proof) {
      try {
        const { protectedHeader } = await compactVerify(proof, secret(), { algorithms: ['HS256'] })
        return protectedHeader.typ === TYPE
      } catch {
        return false
      }
    },
  }
}
