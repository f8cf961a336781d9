import { type Figure, ms, timing } from './measure.ts'
import type { Stage, StoreKind } from './stage.ts'

const [PROCESSES, GPUS, ROUNDS, AIM_MS] = [200, 64, 3, 2500]

/** How long until 200 processes that ask at once for one of 64 GPUs all have their answer, and are the answers right? */
export async function crowd(stage: Stage): Promise<Figure[]> {
  const { medianMs, minMs, maxMs } = timing(await crowdTimes(stage, 'SQLite'))
  return [
    {
      question: `${PROCESSES} \`reserve\` at once on ${GPUS} GPUs: exactly ${GPUS} win`,
      answer: ms(medianMs),
      ratio: `${ms(minMs)} to ${ms(maxMs)} in ${ROUNDS} rounds`,
      aim: `within ${AIM_MS / 1000} s`,
      reached: medianMs <= AIM_MS,
    },
  ]
}

/** How long a crowd takes, round by round. @throws {Error} when an answer is wrong */
export async function crowdTimes(stage: Stage, store: StoreKind): Promise<number[]> {
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const env = stage.pool(GPUS, store)
    const start = performance.now()
    const children = Array.from({ length: PROCESSES }, () =>
      Bun.spawn([stage.executable, 'reserve'], { env, stdio: ['ignore', 'ignore', 'ignore'] }),
    )
    const statuses = await Promise.all(children.map(child => child.exited))
    times.push(performance.now() - start)
    const [won, refused] = [0, 75].map(wanted => statuses.filter(status => status === wanted).length)
    if (won !== GPUS || refused !== PROCESSES - GPUS)
      throw new Error(`${won} won and ${refused} were refused`)
  }
  return times
}
