import { crowdTimes } from './crowd.ts'
import { keeperOn } from './keeper.ts'
import { compare, type Figure, ms, timing } from './measure.ts'
import type { Stage, StoreKind } from './stage.ts'
import { handOverTimes } from './waiting.ts'

const ROUNDS = 60
const AIM = 1.5
const CROWD_AIM_MS = 3000

/** What does it cost to keep the pool on a Redis server on the same machine, where its protocol is all that differs? */
export async function stores(stage: Stage): Promise<Figure[]> {
  return [
    ...singleCommands(stage),
    await crowd(stage),
    await handOver(stage),
    ...(await keeperOn(stage, 'Redis')),
  ]
}

function singleCommands(stage: Stage): Figure[] {
  const [redis, sqlite] = [stage.pool(8, 'Redis'), stage.pool(8, 'SQLite')]
  const commands: [name: string, ...lines: string[][]][] = [
    ['`status`', ['status']],
    ['`reserve` + `release`', ['reserve'], ['release']],
    ['`run -- true`', ['run', '--', 'true']],
  ]
  return commands.map(([name, ...lines]) => {
    const act = (env: Record<string, string>) => () => {
      for (const line of lines) stage.canhazgpu(env, ...line)
    }
    const { subject, base, ratio } = compare(act(redis), act(sqlite), ROUNDS)
    return {
      question: `${name} on Redis`,
      answer: ms(subject.medianMs),
      ratio: `${ratio.toFixed(2)} times SQLite (${ms(base.medianMs)})`,
      aim: `at most ${AIM}`,
      reached: ratio <= AIM,
    }
  })
}

async function crowd(stage: Stage): Promise<Figure> {
  const [redis, sqlite] = await bothWays(store => crowdTimes(stage, store))
  return {
    question: '200 `reserve` at once on 64 GPUs, on Redis: exactly 64 win',
    answer: ms(redis),
    ratio: `SQLite: ${ms(sqlite)}`,
    aim: `within ${CROWD_AIM_MS / 1000} s`,
    reached: redis <= CROWD_AIM_MS,
  }
}

async function handOver(stage: Stage): Promise<Figure> {
  const [redis, sqlite] = await bothWays(store =>
    handOverTimes(stage, store, env => stage.canhazgpu(env, 'release')),
  )
  return {
    question: "Hand-over on Redis: from the beginning of `release` until the waiter's command runs",
    answer: ms(redis),
    ratio: `SQLite: ${ms(sqlite)}`,
    aim: `at most ${AIM} times that`,
    reached: redis <= AIM * sqlite,
  }
}

/** The medians of both. */
async function bothWays(measure: (store: StoreKind) => Promise<number[]>): Promise<[number, number]> {
  return [timing(await measure('Redis')).medianMs, timing(await measure('SQLite')).medianMs]
}
