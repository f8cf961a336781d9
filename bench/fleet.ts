import { compare, type Figure, ms, run } from './measure.ts'
import type { Stage } from './stage.ts'

const ROUNDS = 30
const AIM_MS = 50
const SIZES = [1, 20, 200]

/** What does it cost to look at all hosts that share a server, each with 8 GPUs, half of them reserved? */
export function fleet(stage: Stage): Figure[] {
  const env = stage.pool(8, 'Redis')
  for (const note of ['ablation', 'notebook']) stage.canhazgpu(env, 'reserve', '--gpus', '2', '--note', note)
  stage.canhazgpu(env, 'status')
  return SIZES.map(size => {
    growTo(size, env)
    const shown = stage.output(env, 'status', '--all').split('\n').length - 1
    if (shown !== size * 9) throw new Error(`status --all shows ${shown} lines of ${size} hosts`)
    const { subject, base } = compare(
      () => stage.canhazgpu(env, 'status', '--all'),
      () => stage.canhazgpu(env, '--version'),
      ROUNDS,
    )
    const over = subject.medianMs - base.medianMs
    return {
      question: `\`status --all\` over ${size} host(s) with 8 GPUs each`,
      answer: ms(subject.medianMs),
      ratio: `${ms(over)} over \`--version\` (${ms(base.medianMs)})`,
      aim: size === SIZES.at(-1) ? `under ${AIM_MS} ms over` : '',
      reached: size === SIZES.at(-1) ? over < AIM_MS : null,
    }
  })
}

/** Makes of the hosts that the server knows so many that are like this one. */
function growTo(size: number, env: Readonly<Record<string, string>>): void {
  const [, socket = '', name = ''] = /unix:\/\/(.*)\?host=(.*)/.exec(env.CANHAZGPU_STORE ?? '') ?? []
  const script = `
    local kept = {}
    for _, what in ipairs({'pool', 'sign', 'probe', 'revision'}) do kept[what] = redis.call('HGET', KEYS[1], ARGV[1] .. '/' .. what) end
    redis.call('DEL', KEYS[1])
    for n = 1, tonumber(ARGV[2]) do
      local host = n == 1 and ARGV[1] or 'gpu-' .. n
      for what, text in pairs(kept) do redis.call('HSET', KEYS[1], host .. '/' .. what, text) end
    end`
  run(['redis-cli', '-s', socket, 'EVAL', script, '1', 'canhazgpu:fleet', name, String(size)])
}
