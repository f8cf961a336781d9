import { readFileSync } from 'node:fs'
import { until } from '../tests/helpers/until.ts'
import { type Figure, ms, timing } from './measure.ts'
import type { Stage, StoreKind } from './stage.ts'

const ROUNDS = 15
const JOBS = 50
const GPUS = 8
const AIM_MS = 2000
const IDLE_WAITERS = 50
const IDLE_MS = 20_000

/** How soon has the next in line the GPU, how long do many short jobs take, and what does it cost to wait? */
export async function waiting(stage: Stage): Promise<Figure[]> {
  return [
    await handOver(stage, 'release', env => stage.canhazgpu(env, 'release'), 50),
    await handOver(stage, 'kill -9 of the job', null, 500),
    await manyJobs(stage),
    await idle(stage),
  ]
}

type Env = Record<string, string>

/** @param release how the holder gives the GPU back; null for a job that is killed */
async function handOver(
  stage: Stage,
  how: string,
  release: ((env: Env) => void) | null,
  aimMs: number,
): Promise<Figure> {
  const { medianMs, minMs, maxMs } = timing(await handOverTimes(stage, 'SQLite', release))
  return {
    question: `Hand-over: from the beginning of ${how === 'release' ? '`release`' : `\`${how}\``} until the waiter's command runs`,
    answer: ms(medianMs),
    ratio: `${ms(minMs)} to ${ms(maxMs)} in ${ROUNDS} rounds`,
    aim: `under ${aimMs} ms and a probe`,
    reached: medianMs <= aimMs,
  }
}

/** From the beginning of the end of a holder until the waiter's command runs, round by round. */
export async function handOverTimes(
  stage: Stage,
  store: StoreKind,
  release: ((env: Env) => void) | null,
): Promise<number[]> {
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const env = stage.pool(1, store)
    const holder = release
      ? null
      : Bun.spawn([stage.executable, 'run', '--', 'sh', '-c', 'echo; exec sleep 60'], {
          env,
          stdio: ['ignore', 'pipe', 'ignore'],
        })
    if (holder) await holder.stdout.getReader().read()
    else stage.canhazgpu(env, 'reserve')
    const waiter = Bun.spawn([stage.executable, 'run', '--wait', '--', 'date', '+%s%N'], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    // Its first line says that it stands in the line.
    await waiter.stderr.getReader().read()
    const start = Date.now()
    if (holder) process.kill(holder.pid, 'SIGKILL')
    else release?.(env)
    const startedAt = Number((await waiter.stdout.text()).trim()) / 1e6
    await Promise.all([waiter.exited, holder?.exited])
    times.push(startedAt - start)
  }
  return times
}

async function manyJobs(stage: Stage): Promise<Figure> {
  const times: number[] = []
  for (let round = 0; round < 3; round++) {
    const env = stage.pool(GPUS)
    const start = performance.now()
    const jobs = Array.from({ length: JOBS }, () =>
      Bun.spawn([stage.executable, 'run', '--wait', '--', 'true'], {
        env,
        stdio: ['ignore', 'ignore', 'ignore'],
      }),
    )
    const statuses = await Promise.all(jobs.map(job => job.exited))
    times.push(performance.now() - start)
    if (statuses.some(status => status !== 0)) throw new Error(`jobs ended with ${statuses}`)
  }
  const { medianMs, minMs, maxMs } = timing(times)
  return {
    question: `${JOBS} \`run --wait -- true\` at once on ${GPUS} GPUs`,
    answer: ms(medianMs),
    ratio: `${ms(minMs)} to ${ms(maxMs)} in 3 rounds`,
    aim: `within ${AIM_MS / 1000} s`,
    reached: medianMs <= AIM_MS,
  }
}

async function idle(stage: Stage): Promise<Figure> {
  const env = stage.pool(1)
  stage.canhazgpu(env, 'reserve')
  const waiters = Array.from({ length: IDLE_WAITERS }, () =>
    Bun.spawn([stage.executable, 'run', '--wait', '--', 'true'], {
      env,
      stdio: ['ignore', 'ignore', 'ignore'],
    }),
  )
  try {
    await until(() => stage.output(env, 'queue').split('\n').length > IDLE_WAITERS)
    const before = cpuMs(waiters.map(({ pid }) => pid))
    await Bun.sleep(IDLE_MS)
    const share = (cpuMs(waiters.map(({ pid }) => pid)) - before) / IDLE_MS
    return {
      question: `Processor time of ${IDLE_WAITERS} idle waiters together, over ${IDLE_MS / 1000} s`,
      answer: `${(share * 100).toFixed(1)} % of one core`,
      ratio: `${((share * 100) / IDLE_WAITERS).toFixed(3)} % each`,
      aim: 'next to nothing: under 5 %',
      reached: share < 0.05,
    }
  } finally {
    for (const waiter of waiters) waiter.kill('SIGKILL')
    await Promise.all(waiters.map(waiter => waiter.exited))
  }
}

/** Processor time that processes have taken so far; fields 14 and 15 of /proc/PID/stat are clock ticks of 10 ms. */
function cpuMs(pids: readonly number[]): number {
  return pids
    .map(pid => readFileSync(`/proc/${pid}/stat`, 'latin1'))
    .map(stat => stat.slice(stat.lastIndexOf(')') + 2).split(' '))
    .reduce((sum, fields) => sum + (Number(fields[11]) + Number(fields[12])) * 10, 0)
}
