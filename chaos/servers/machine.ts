import type { TcpProxy } from '../../tests/tcp-proxy.ts'

/** Something that faults happen to: a server, or a process of Looma. */
export type Machine = {
  name: string
  pid(): number
  /** Ends it hard. */
  kill(): Promise<void>
  /** Resolves once it works again. */
  restart(): Promise<void>
  /** Between it and Looma, where it is a server. */
  proxy?: TcpProxy
  /** Folder of its own on a small disk. */
  disk?: string
}
