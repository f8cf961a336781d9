import { join } from 'node:path'
import { temporaryDirectory } from '../../helpers/temporary.ts'
import { historyContract } from '../history.ts'

historyContract('SQLite', () => {
  const directory = temporaryDirectory()
  return {
    url: `sqlite:${join(directory.path, 'pool', 'pool.db')}`,
    [Symbol.dispose]: () => directory[Symbol.dispose](),
  }
})
