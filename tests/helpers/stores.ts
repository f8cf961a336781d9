import type { Change, Decision } from '../../src/core/changes.ts'
import { openStore, type StoreOptions } from '../../src/store/open.ts'
import type { Store, StoreAccess } from '../../src/store/store.ts'

/** A place for one store, with nothing in it yet. */
export interface Place {
  readonly url: string
  [Symbol.dispose](): void
}

export function initializing(gpuCount: number): Decision<void> {
  return deciding({ kind: 'initialize', provider: 'nvidia', gpuCount })
}

export function deciding(...changes: Change[]): Decision<void> {
  return { changes, result: undefined }
}

/** A store that closes with its scope. */
export async function opened(
  url: string,
  access: StoreAccess,
  options: StoreOptions = {},
): Promise<Store & Disposable> {
  const store = await openStore(url, access, options)
  return Object.assign(store, { [Symbol.dispose]: () => store.close() })
}

/** A store with a pool of 8 GPUs. */
export async function initialized(url: string): Promise<Store & Disposable> {
  const store = await opened(url, 'create')
  await store.update(() => initializing(8))
  return store
}
