import { UsageError } from '../core/errors.ts'
import type { ProcessIdentity } from '../core/pool.ts'
import { startDetached } from '../system/spawn.ts'
import { KEEPER } from './hidden-words.ts'

/** What a keeper is told on its command line, where everyone on the host can read what it holds. */
export interface KeeperOrders {
  readonly storeUrl: string
  readonly reservationId: string
  readonly gpus: readonly number[]
  readonly process: ProcessIdentity
}

/** Starts the keeper of a reservation and does not wait for it. */
export function startKeeper(orders: KeeperOrders): void {
  startDetached([process.execPath, KEEPER, ...formatKeeperOrders(orders)])
}

/** The orders as words for a command line. */
export function formatKeeperOrders({
  storeUrl,
  reservationId,
  gpus,
  process: { pid, startTicks, bootId, pidNamespace },
}: KeeperOrders): string[] {
  return [
    `store=${storeUrl}`,
    `reservation=${reservationId}`,
    `gpus=${gpus.join(',')}`,
    `pid=${pid}`,
    `start-ticks=${startTicks}`,
    `boot=${bootId}`,
    `pid-namespace=${pidNamespace}`,
  ]
}

/** Reads the orders back from the words behind `keeper`. @throws {UsageError} when a person has typed them, wrongly */
export function parseKeeperOrders(words: readonly string[]): KeeperOrders {
  const orders = new Map(words.map(word => splitAt(word, word.indexOf('='))))
  const order = (name: string): string => {
    const value = orders.get(name)
    if (value === undefined) {
      throw new UsageError(
        `The keeper was not told its ${name}. It is started by 'canhazgpu run', and is not for people to type`,
      )
    }
    return value
  }
  return {
    storeUrl: order('store'),
    reservationId: order('reservation'),
    gpus: order('gpus').split(',').map(Number),
    process: {
      pid: Number(order('pid')),
      startTicks: Number(order('start-ticks')),
      bootId: order('boot'),
      pidNamespace: order('pid-namespace'),
    },
  }
}

function splitAt(word: string, at: number): [string, string] {
  return [word.slice(0, at), word.slice(at + 1)]
}
