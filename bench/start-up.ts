import { compare, type Figure, ms, run } from './measure.ts'
import type { Stage } from './stage.ts'

const ROUNDS = 60
const SLOW_ROUNDS = 15
const SLOW_MS = 100

/** How long do the everyday commands take, as whole processes, over an empty program? */
export function startUp(stage: Stage): Figure[] {
  const env = stage.pool(8)
  const commands: { name: string; act: () => void; aim?: number; slowAim?: number }[] = [
    { name: '`status`', act: () => stage.canhazgpu(env, 'status'), aim: 2.5, slowAim: 1.2 },
    { name: '`run -- true`', act: () => stage.canhazgpu(env, 'run', '--', 'true'), aim: 4 },
    {
      name: '`reserve` + `release`',
      act: () => {
        stage.canhazgpu(env, 'reserve')
        stage.canhazgpu(env, 'release')
      },
    },
  ]
  return commands.flatMap(({ name, act, aim, slowAim }) => {
    stage.nvidiaSmiTakes(0)
    const quick = compare(act, () => run([stage.helloWorld]), ROUNDS)
    stage.nvidiaSmiTakes(SLOW_MS)
    const slow = compare(act, () => stage.callNvidiaSmi(), SLOW_ROUNDS)
    stage.nvidiaSmiTakes(0)
    return [
      {
        question: `${name}, nvidia-smi in 0 ms`,
        answer: ms(quick.subject.medianMs),
        ratio: `${quick.ratio.toFixed(2)} hello worlds (${ms(quick.base.medianMs)})`,
        aim: aim === undefined ? '' : `at most ${aim}`,
        reached: aim === undefined ? null : quick.ratio <= aim,
      },
      {
        question: `${name}, nvidia-smi in ${SLOW_MS} ms`,
        answer: ms(slow.subject.medianMs),
        ratio: `${slow.ratio.toFixed(2)} nvidia-smi calls (${ms(slow.base.medianMs)})`,
        aim: slowAim === undefined ? '' : `at most ${slowAim}`,
        reached: slowAim === undefined ? null : slow.ratio <= slowAim,
      },
    ]
  })
}
