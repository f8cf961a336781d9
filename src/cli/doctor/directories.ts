import type { PoolExamination, PoolFile } from '../../store/sqlite/examine.ts'
import { userNameOf } from '../../system/user-name.ts'
import { type Finding, withAdvice } from './finding.ts'

/** What is wrong with one file, and what to do. */
export type Fault = Pick<Finding, 'level' | 'text'>

/** What whoever has just made a pool should know of where it lies, for the others' sake: one line, null where all is well. */
export function directoryWarning({ files }: PoolExamination): string | null {
  const database = files.find(({ role }) => role === 'database')
  if (!database) return null
  const faults = files
    .filter(({ role }) => role === 'ancestor' || role === 'directory')
    .flatMap(file => [...directoryFaults(file, database), ...privacy(file, database)])
  if (faults.length === 0) return null
  const word = faults.some(({ level }) => level === 'problem') ? 'Warning' : 'Note'
  return `${word}: ${faults.map(({ text }) => text).join('; ')}`
}

/** Somebody's own pool may well be private; but not without a word. */
function privacy({ path, role, uid, mode }: PoolFile, database: PoolFile): Fault[] {
  if (role !== 'directory' || database.uid === 0 || uid !== database.uid || (mode & 0o001) !== 0) return []
  const found = `${path} has mode ${octal(mode)}, so nobody else can use the pool`
  return [
    { level: 'warning', text: withAdvice(found, 'if others are to, make it in a directory of mode 755') },
  ]
}

/** What is wrong with a directory that leads to a pool. */
export function directoryFaults({ path, role, uid, mode }: PoolFile, database: PoolFile): Fault[] {
  const faults: Fault[] = []
  // The pool's own directory is to be just this; what else is in those above is not known here.
  const [opened, closed] = role === 'directory' ? ['755', '755'] : ['go+x', 'go-w']
  const isSticky = (mode & 0o1000) !== 0
  const mayDelete = role === 'directory' ? (mode & 0o022) !== 0 : (mode & 0o002) !== 0 && !isSticky
  if (mayDelete) {
    const found = `others may write to ${path} (mode ${octal(mode)}), and so delete the pool or keep users from it`
    const advice = isSticky ? 'give the pool a directory of its own' : `sudo chmod ${closed} ${path}`
    faults.push({ level: 'problem', text: withAdvice(found, advice) })
  }
  if (uid !== 0 && uid !== database.uid) {
    const found = `${path} belongs to ${userNameOf(uid)}, who may delete the pool`
    faults.push({
      level: 'problem',
      text: withAdvice(found, `sudo chown ${userNameOf(database.uid)} ${path}, or move the pool`),
    })
  }
  // Somebody's own pool may well be private.
  if (database.uid === 0 && (mode & 0o001) === 0) {
    const found = `${path} has mode ${octal(mode)}, so only some can use the pool`
    faults.push({
      level: 'problem',
      text: withAdvice(
        found,
        `sudo chmod ${opened} ${path}${role === 'directory' ? '' : ', or move the pool'}`,
      ),
    })
  }
  return faults
}

export function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0')
}
