import { dirname } from 'node:path'
import { PoolMovedError, PoolNotInitializedError, ProbeFailedError, UserError } from '../../core/errors.ts'
import type { ServerExamination } from '../../store/redis/examine.ts'
import type { PoolFile } from '../../store/sqlite/examine.ts'
import { userNameOf } from '../../system/user-name.ts'
import { directoryFaults, type Fault, octal } from './directories.ts'
import type { HostFacts } from './facts.ts'
import { type Finding, withAdvice } from './finding.ts'

/** A server on the next machine answers in a fraction of a millisecond. */
const SLOW_MS = 100

/** All users can use the pool, and nobody but its owner can delete it. */
export function checkStore({ store, storeWords, pool, poolError, health }: HostFacts): Finding {
  const check = 'store'
  const noPool = () => {
    const gpuCount = health === null || health instanceof ProbeFailedError ? null : health.gpus.length
    return new PoolNotInitializedError(gpuCount, storeWords).message
  }
  if (store.kind === 'server') return checkServer(store, poolError, pool === null ? noPool() : null)
  const { path, files, unwritable } = store
  const database = files.find(({ role }) => role === 'database')
  if (!database || database.problem === 'missing') {
    return { level: 'problem', check, text: `${path}: ${noPool()}` }
  }
  const faults = [
    ...files.flatMap(file => faultsOf(file, database)),
    ...(unwritable ? [fileSystemFault(path, unwritable)] : []),
    ...(poolError instanceof PoolMovedError ? [{ level: 'problem', text: poolError.message } as const] : []),
  ]
  const level = faults.some(({ level }) => level === 'problem') ? 'problem' : 'warning'
  if (faults.length > 0) return { level, check, text: faults.map(({ text }) => text).join('; ') }
  const owner = userNameOf(database.uid)
  const others = owner === 'root' ? 'root' : `${owner} and root`
  return { level: 'ok', check, text: `${path}, for all to use and nobody but ${others} to delete` }
}

/** Nothing can be reserved, while `status` works as ever. */
function fileSystemFault(path: string, unwritable: 'read-only' | 'full'): Fault {
  const [found, advice] =
    unwritable === 'full'
      ? ['is full', `free some space: 'df ${dirname(path)}' shows which it is`]
      : [
          'is read-only',
          `see 'dmesg' for why, and mount it anew: 'findmnt -T ${dirname(path)}' shows which it is`,
        ]
  return { level: 'problem', text: withAdvice(`the file system of ${path} ${found}`, advice) }
}

/** The server answers soon, and has a pool of this host. */
function checkServer(
  { url, host, answer }: ServerExamination,
  poolError: UserError | null,
  noPool: string | null,
): Finding {
  const check = 'store'
  const problem = (text: string): Finding => ({ level: 'problem', check, text })
  if (answer instanceof UserError) return problem(answer.message)
  if (poolError) return problem(poolError.message)
  if (noPool !== null) return problem(`${url}: ${noPool}`)
  const text = `${url} answers in ${answer.roundTripMs.toFixed(1)} ms; the pool is that of host ${host}`
  if (answer.roundTripMs < SLOW_MS) return { level: 'ok', check, text }
  return { level: 'warning', check, text: withAdvice(text, 'every command waits for it several times') }
}

function faultsOf(file: PoolFile, database: PoolFile): Fault[] {
  if (file.problem === 'missing') return [missing(file)]
  if (file.problem !== null) {
    const found = `${file.path} cannot be looked at (${file.problem})`
    return [{ level: 'problem', text: withAdvice(found, 'check the permissions of the directories above') }]
  }
  return file.role === 'ancestor' || file.role === 'directory'
    ? directoryFaults(file, database)
    : fileFaults(file, database)
}

function missing({ path, role }: PoolFile): Fault {
  const advice = `make it with 'sudo install -m 666 /dev/null ${path}'`
  // The line in front of the store is for fairness and quick waking; the pool is safe without it.
  return { level: role === 'lock' ? 'warning' : 'problem', text: withAdvice(`${path} is missing`, advice) }
}

function fileFaults({ path, uid, mode }: PoolFile, database: PoolFile): Fault[] {
  const faults: Fault[] = []
  if ((mode & 0o777) !== 0o666) {
    const found = `${path} has mode ${octal(mode)}, so not everybody can use the pool`
    faults.push({ level: 'problem', text: withAdvice(found, `sudo chmod 666 ${path}`) })
  }
  if (uid !== database.uid) {
    const owner = userNameOf(database.uid)
    const found = `${path} belongs to ${userNameOf(uid)} and the pool to ${owner}`
    faults.push({ level: 'warning', text: withAdvice(found, `sudo chown ${owner} ${path}`) })
  }
  return faults
}

/** This program and the pool know the same schema. */
export function checkSchema({ store, poolError }: HostFacts): Finding {
  const check = 'schema'
  if (store.kind === 'server') return { level: 'ok', check, text: 'a server needs none' }
  const { schema } = store
  if (schema === null) return { level: 'ok', check, text: 'there is none to look at - see store' }
  if (schema instanceof UserError) return { level: 'problem', check, text: schema.message }
  if (poolError && !(poolError instanceof PoolMovedError))
    return { level: 'problem', check, text: poolError.message }
  const { version, known } = schema
  if (version === known) return { level: 'ok', check, text: `version ${version}, the one of this program` }
  const advice = `the next command brings it to ${known}; then everybody needs this version of canhazgpu`
  return { level: 'warning', check, text: withAdvice(`version ${version}`, advice) }
}
