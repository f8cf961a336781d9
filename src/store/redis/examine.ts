import { UserError } from '../../core/errors.ts'
import { Client } from './client.ts'
import { parseRedisUrl } from './url.ts'

/** A server that keeps pools, as it answers now. */
export interface ServerExamination {
  readonly kind: 'server'
  /** Its URL, without a password. */
  readonly url: string
  readonly host: string
  /** How long it took to answer, connecting aside; or why it does not. */
  readonly answer: { readonly roundTripMs: number } | UserError
}

/** Asks a server for nothing but an answer. */
export async function examineServer(url: string): Promise<ServerExamination> {
  const place = parseRedisUrl(url)
  const client = new Client(place)
  const found = { kind: 'server', url: place.shown, host: place.host } as const
  try {
    await client.connect()
    const startedAt = performance.now()
    await client.ask('TIME')
    return { ...found, answer: { roundTripMs: performance.now() - startedAt } }
  } catch (error) {
    if (error instanceof UserError) return { ...found, answer: error }
    throw error
  } finally {
    client.close()
  }
}
