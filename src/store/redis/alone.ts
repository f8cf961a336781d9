import { MINUTE_MS } from '../../core/duration.ts'
import type { Client } from './client.ts'
import letGo from './scripts/let-go.lua' with { type: 'text' }

/** Whoever is killed at it holds it for so long. */
const HELD_MS = MINUTE_MS

/** Acts unless another process is acting. */
export async function alone<T>(client: Client, key: string, act: () => Promise<T>): Promise<T | null> {
  const token = crypto.randomUUID()
  if ((await client.ask('SET', key, token, 'NX', 'PX', String(HELD_MS))) !== 'OK') return null
  const renew = () => void client.run(letGo, [key], [token, String(HELD_MS)]).catch(() => {})
  const renewal = setInterval(renew, HELD_MS / 3)
  try {
    return await act()
  } finally {
    clearInterval(renewal)
    await client.run(letGo, [key], [token, '']).catch(() => {})
  }
}
