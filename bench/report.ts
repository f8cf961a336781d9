import type { Change } from '../src/core/changes.ts'
import { openStore } from '../src/store/open.ts'
import { compare, type Figure, ms } from './measure.ts'
import type { Stage } from './stage.ts'

const [RECORDS, DAYS, GPUS, USERS, ROUNDS] = [100_000, 30, 8, 20, 15]
const AIM_MS = 100
const [HOUR_MS, DAY_MS] = [3_600_000, 86_400_000]

/** What does a long history cost: a report over all of it, and the commands that do not look at it? */
export async function report(stage: Stage): Promise<Figure[]> {
  const [young, old] = [stage.pool(GPUS), stage.pool(GPUS)]
  await writeHistory(old.CANHAZGPU_STORE ?? '')
  const [status, oldStatus] = [young, old].map(env => () => stage.canhazgpu(env, 'status'))
  const [cycle, oldCycle] = [young, old].map(env => () => {
    stage.canhazgpu(env, 'reserve')
    stage.canhazgpu(env, 'release')
  })
  if (!status || !oldStatus || !cycle || !oldCycle) throw new Error('no commands to compare')
  const history = `with ${RECORDS.toLocaleString('en')} usage records`

  const reports = (['user', 'gpu', 'day'] as const).map((by): Figure => {
    const { subject, base } = compare(() => stage.canhazgpu(old, 'report', '--by', by), oldStatus, ROUNDS)
    const over = subject.medianMs - base.medianMs
    return {
      question: `\`report --by ${by}\` ${history}`,
      answer: ms(subject.medianMs),
      ratio: `${ms(over)} over \`status\` (${ms(base.medianMs)})`,
      aim: `less than ${AIM_MS} ms over`,
      reached: over < AIM_MS,
    }
  })
  const others = (
    [
      ['`status`', oldStatus, status],
      ['`reserve` + `release`', oldCycle, cycle],
    ] as const
  ).map(([name, subject, base]): Figure => {
    const times = compare(subject, base, 3 * ROUNDS)
    return {
      question: `${name} ${history}`,
      answer: ms(times.subject.medianMs),
      ratio: `${times.ratio.toFixed(2)} of the same without (${ms(times.base.medianMs)})`,
      aim: 'no slower',
      reached: times.ratio < 1.1,
    }
  })
  return [...reports, ...others]
}

/** Months of a busy host, all of them within the days of a report. */
async function writeHistory(url: string): Promise<void> {
  const store = await openStore(url, 'write')
  const from = Date.now() - (DAYS - 1) * DAY_MS
  const step = ((DAYS - 1) * DAY_MS) / RECORDS
  const changes = Array.from({ length: RECORDS }, (_, number): Change => {
    const endedAt = Math.floor(from + number * step)
    const uid = 1000 + (number % USERS)
    const gpus = Array.from({ length: 1 + (number % 4) }, (_, place) => (number + place) % GPUS)
    return {
      kind: 'record',
      record: {
        id: `record-${number}`,
        type: number % 3 === 0 ? 'manual' : 'run',
        holder: { uid, userName: `user${uid}` },
        alias: number % 10 === 0 ? `person${number % 7}` : null,
        note: number % 2 === 0 ? `experiment ${number}` : null,
        gpus: gpus.sort((a, b) => a - b),
        // From minutes to a day and a half.
        reservedAt: endedAt - ((number * 7919) % (36 * HOUR_MS)),
        endedAt,
        ending: 'finished',
        waitedMs: number % 5 === 0 ? (number * 31) % HOUR_MS : 0,
        unusedGpuMs: number % 4 === 0 ? (number * 17) % HOUR_MS : 0,
      },
    }
  })
  await store.update(() => ({ changes, result: undefined }))
  store.close()
}
