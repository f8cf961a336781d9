import type { Change } from '../src/core/changes.ts'
import type { ManualReservation, RunReservation } from '../src/core/pool.ts'
import { openStore } from '../src/store/open.ts'
import { compare, type Figure, ms } from './measure.ts'
import type { Stage } from './stage.ts'

const HOSTS = [1, 20, 200]
const [GPUS, ROUNDS, AIM_MS, HOUR_MS] = [8, 30, 50, 3_600_000]

/** How long does it take to see every host of a fleet? */
export async function fleet(stage: Stage): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const count of HOSTS) {
    const urlOf = stage.database()
    for (let number = 0; number < count; number++) await fillHost(urlOf(`gpu-${number}`))
    const env = { CANHAZGPU_STORE: urlOf('gpu-0') }
    const lineCount = stage.output(env, 'status', '--all').split('\n').length - 1
    if (lineCount !== count * (GPUS + 1))
      throw new Error(`status --all shows ${lineCount} lines of ${count} hosts`)
    const { subject, base } = compare(
      () => stage.canhazgpu(env, 'status', '--all'),
      () => stage.canhazgpu(env, '--version'),
      ROUNDS,
    )
    const over = subject.medianMs - base.medianMs
    figures.push({
      question: `\`status --all\` over ${count} host(s) with ${GPUS} GPUs each`,
      answer: ms(subject.medianMs),
      ratio: `${ms(over)} over \`--version\` (${ms(base.medianMs)})`,
      aim: `less than ${AIM_MS} ms over`,
      reached: over < AIM_MS,
    })
  }
  return figures
}

/** A busy host: half of its GPUs run commands, two are reserved by hand, one is used by somebody who did not ask, one is free. */
async function fillHost(url: string): Promise<void> {
  const store = await openStore(url, 'create')
  const now = Date.now()
  const reservations = [
    ...[0, 1, 2, 3].map(gpu => runOn(gpu, now)),
    ...[4, 5].map(
      (gpu): ManualReservation => ({
        ...claimOn(gpu, now),
        type: 'manual',
        expiresAt: now + HOUR_MS,
        idleWarnedAt: null,
      }),
    ),
  ]
  const changes: Change[] = [
    { kind: 'initialize', provider: 'nvidia', gpuCount: GPUS },
    ...reservations.map((reservation): Change => ({ kind: 'add', reservation })),
  ]
  await store.update(() => ({ changes, result: null }))
  const busy = (gpu: number) => ({
    memoryUsedMiB: 20_000 + gpu,
    processes: [{ pid: 1000 + gpu, name: '/usr/bin/python3', memoryMiB: 20_000 }],
  })
  const idle = { memoryUsedMiB: 4, processes: [] }
  const usage = {
    tool: 'nvidia-smi',
    gpus: new Map(Array.from({ length: GPUS }, (_, gpu) => [gpu, gpu < 7 ? busy(gpu) : idle])),
  }
  await store.fleet?.leave(usage, now)
  store.close()
}

function runOn(gpu: number, now: number): RunReservation {
  const process = { bootId: 'boot', pidNamespace: 'pid:[1]', pid: 1000 + gpu, startTicks: 100 }
  return { ...claimOn(gpu, now), type: 'run', processes: [process], heartbeatAt: now, endsAt: null }
}

function claimOn(gpu: number, now: number) {
  return {
    id: `on-gpu-${gpu}`,
    holder: { uid: 1000 + gpu, userName: `user${gpu}` },
    alias: null,
    note: gpu % 2 === 0 ? 'ablation' : null,
    gpus: [gpu],
    reservedAt: now - HOUR_MS,
    waitedMs: 0,
    unusedGpuMs: 0,
  }
}
