import { freePort, RedisServer } from './redis-server.ts'
import type { Place } from './stores.ts'
import { until } from './until.ts'

const SLOTS = 16_384
const NODES = 3

let places = 0

/** A real cluster of three nodes, each with a third of the slots. */
export class RedisCluster {
  private constructor(readonly nodes: readonly RedisServer[]) {}

  static async start(): Promise<RedisCluster> {
    const nodes = await Promise.all(
      Array.from({ length: NODES }, () =>
        RedisServer.startOnPort('--cluster-enabled', 'yes', '--cluster-port', String(freePort())),
      ),
    )
    const cluster = new RedisCluster(nodes)
    const [first, ...others] = nodes
    for (const [at, node] of nodes.entries()) {
      const [from, to] = [at, at + 1].map(third => Math.ceil((third * SLOTS) / NODES))
      await node.cli('CLUSTER', 'ADDSLOTSRANGE', String(from), String(Number(to) - 1))
      await node.cli('CLUSTER', 'SET-CONFIG-EPOCH', String(at + 1))
    }
    for (const other of others) {
      const { port } = other
      await first?.cli('CLUSTER', 'MEET', '127.0.0.1', String(port), await busPort(other))
    }
    await until(async () => (await cluster.each('CLUSTER', 'INFO')).every(isWhole))
    return cluster
  }

  get base(): string {
    return `redis://127.0.0.1:${this.nodes[0]?.port}`
  }

  /** The URL of a host's pool, by one of the nodes. */
  url(host: string, node = 0): string {
    return `redis://127.0.0.1:${this.nodes[node]?.port}?host=${host}`
  }

  /** A pool that no other test has, by each of the nodes in turn. */
  place = (): Place => {
    places++
    return { url: this.url(`host-${places}`, places % NODES), [Symbol.dispose]: () => {} }
  }

  /** What redis-cli prints on each of the nodes. */
  each(...words: string[]): Promise<string[]> {
    return Promise.all(this.nodes.map(node => node.cli(...words)))
  }

  async slotOf(key: string): Promise<string> {
    return (await this.nodes[0]?.cli('CLUSTER', 'KEYSLOT', key)) ?? ''
  }

  /** The number of the node that has keys in a slot, -1 for none. */
  async holderOf(slot: string): Promise<number> {
    const counts = await this.each('CLUSTER', 'COUNTKEYSINSLOT', slot)
    return counts.findIndex(count => Number(count) > 0)
  }

  /** Moves one of the keys in a slot to another node, and leaves the others for `endMove`. */
  async beginMove(slot: string, from: number, to: number): Promise<void> {
    const [source, target] = await this.each('CLUSTER', 'MYID').then(ids => [ids[from] ?? '', ids[to] ?? ''])
    await this.nodes[to]?.cli('CLUSTER', 'SETSLOT', slot, 'IMPORTING', source ?? '')
    await this.nodes[from]?.cli('CLUSTER', 'SETSLOT', slot, 'MIGRATING', target ?? '')
    await this.migrate(slot, from, to, 1)
  }

  async endMove(slot: string, from: number, to: number): Promise<void> {
    await this.migrate(slot, from, to, 1000)
    const ids = await this.each('CLUSTER', 'MYID')
    await this.each('CLUSTER', 'SETSLOT', slot, 'NODE', ids[to] ?? '')
  }

  private async migrate(slot: string, from: number, to: number, most: number): Promise<void> {
    const keys = (await this.nodes[from]?.cli('CLUSTER', 'GETKEYSINSLOT', slot, String(most))) ?? ''
    const port = String(this.nodes[to]?.port)
    await this.nodes[from]?.cli('MIGRATE', '127.0.0.1', port, '', '0', '5000', 'KEYS', ...keys.split('\n'))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map(node => node[Symbol.asyncDispose]()))
  }
}

async function busPort(node: RedisServer): Promise<string> {
  return (await node.cli('CONFIG', 'GET', 'cluster-port')).split('\n')[1] ?? ''
}

function isWhole(info: string): boolean {
  return info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${NODES}`)
}
