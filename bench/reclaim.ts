import { type Figure, ms, timing } from './measure.ts'
import type { Stage } from './stage.ts'

const ROUNDS = 15

/** How long after a `kill -9` of the job has the next user the GPU? */
export async function reclaim(stage: Stage): Promise<Figure[]> {
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const env = stage.pool(1)
    const job = Bun.spawn([stage.executable, 'run', '--', 'sh', '-c', 'echo; exec sleep 60'], {
      env,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    // Its first output says that the job has the GPU.
    await job.stdout.getReader().read()
    const start = performance.now()
    process.kill(job.pid, 'SIGKILL')
    // The very next command, and no second try: it fails if the GPU is not free again.
    stage.canhazgpu(env, 'reserve')
    times.push(performance.now() - start)
    await job.exited
  }
  const { medianMs, minMs, maxMs } = timing(times)
  return [
    {
      question: '`kill -9` of the job until the next `reserve` has its GPU and is done',
      answer: ms(medianMs),
      ratio: `${ms(minMs)} to ${ms(maxMs)} in ${ROUNDS} rounds`,
      aim: 'the very next command',
      reached: true,
    },
  ]
}
