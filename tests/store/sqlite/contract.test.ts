import { join } from 'node:path'
import { temporaryDirectory } from '../../helpers/temporary.ts'
import { storeContract } from '../contract.ts'

storeContract('SQLite', () => {
  const directory = temporaryDirectory()
  return {
    url: `sqlite:${join(directory.path, 'pool', 'pool.db')}`,
    [Symbol.dispose]: () => directory[Symbol.dispose](),
  }
})
