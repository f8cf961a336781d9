import { readdirSync, readFileSync } from 'node:fs'
import { until } from '../tests/helpers/until.ts'
import type { Figure } from './measure.ts'
import type { Stage, StoreKind } from './stage.ts'

/** Long enough for a heartbeat, which comes every 60 s. */
const WATCHED_MS = 75_000
const AIM_MIB = 35

/** What does a keeper cost while its job runs? */
export async function keeper(stage: Stage): Promise<Figure[]> {
  return keeperOn(stage, 'SQLite')
}

export async function keeperOn(stage: Stage, store: StoreKind): Promise<Figure[]> {
  const env = stage.pool(1, store)
  const where = store === 'SQLite' ? '' : ` on ${store}`
  const job = Bun.spawn([stage.executable, 'run', '--', 'sleep', '600'], {
    env,
    stdio: ['ignore', 'ignore', 'ignore'],
  })
  try {
    let pid: number | undefined
    await until(() => {
      pid = keeperOf(job.pid)
      return pid !== undefined
    })
    if (pid === undefined) throw new Error('no keeper')
    const before = wakeUps(pid)
    await Bun.sleep(WATCHED_MS)
    const perSecond = (wakeUps(pid) - before) / (WATCHED_MS / 1000)
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const mib = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)?.[1]) / 1024
    return [
      {
        question: `Memory of a keeper${where}, after a heartbeat`,
        answer: `${mib('VmRSS').toFixed(1)} MiB resident`,
        ratio: `${mib('RssAnon').toFixed(1)} MiB its own, the rest is the executable's file, shared by all`,
        aim: `under ${AIM_MIB} MiB`,
        reached: mib('VmRSS') < AIM_MIB,
      },
      {
        question: `Wake-ups of a keeper${where}, over ${WATCHED_MS / 1000} s with a heartbeat`,
        answer: `${perSecond.toFixed(2)} a second`,
        ratio: '',
        aim: 'at most 1 a second',
        reached: perSecond <= 1,
      },
    ]
  } finally {
    job.kill('SIGKILL')
    await job.exited
  }
}

function keeperOf(pid: number): number | undefined {
  return readdirSync('/proc')
    .map(Number)
    .find(candidate => {
      // The shell that starts it has the same words on its command line, further back.
      const words = commandLine(candidate)
      return words[1] === 'keeper' && words.includes(`pid=${pid}`)
    })
}

function commandLine(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    // It has ended since it was listed, or it was no process.
    return []
  }
}

/** How often any thread of a process has gone to sleep of its own will, which is how often it was woken. */
function wakeUps(pid: number): number {
  return readdirSync(`/proc/${pid}/task`)
    .map(thread => readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8'))
    .map(status => Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1]))
    .reduce((sum, count) => sum + count, 0)
}
