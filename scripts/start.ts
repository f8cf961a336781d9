/** `npm start`: builds the executable and shows the main job on a throw-away pool, with the GPUs of this machine or simulated ones. */

import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const SIMULATED_GPUS = 4
const NVIDIA_SMI_TIMEOUT_MS = 30_000

const directory = mkdtempSync(join(tmpdir(), 'canhazgpu-demo-'))
const executable = join(import.meta.dir, '../dist/canhazgpu')
// As a directory for a shared pool should be.
chmodSync(directory, 0o755)
const env = { ...process.env, CANHAZGPU_STORE: `sqlite:${directory}/pool.db` }

try {
  must(['bun', join(import.meta.dir, 'build.ts')])
  const realGpus = countRealGpus()
  if (realGpus > 0) {
    show('admin', '--gpus', String(realGpus))
    show('status')
    if (!hasFreeGpu()) {
      console.log('\nEvery GPU of this machine is in use just now, so what follows simulates some.')
      env.CANHAZGPU_STORE = `sqlite:${directory}/simulated.db`
      simulate()
    }
  } else {
    console.log(Bun.which('nvidia-smi') === null ? 'No nvidia-smi here.' : 'nvidia-smi shows no GPUs here.')
    simulate()
  }
  show('run', '--gpus', '1', '--', 'sh', '-c', 'echo "my GPUs: $CUDA_VISIBLE_DEVICES"')
  console.log('\nWhile a command runs:')
  await using job = start('run', '--gpus', '1', '--', 'sh', '-c', 'echo started; exec sleep 60')
  // Its first word says that the GPUs are reserved and the command runs.
  await job.stdout.getReader().read()
  show('status')
  console.log('\nIt is killed (kill -9), and the very next command has its GPU back:')
  job.kill('SIGKILL')
  await job.exited
  show('status')
  show('reserve', '--gpus', '1', '--duration', '2h')
  show('status')
  show('release')
} catch (error) {
  console.error((error as Error).message)
  process.exitCode = 1
} finally {
  rmSync(directory, { recursive: true, force: true })
}

function start(...args: string[]) {
  announce(args)
  return Bun.spawn([executable, ...args], { env, stdin: 'ignore', stdout: 'pipe', stderr: 'inherit' })
}

function show(...args: string[]): void {
  announce(args)
  must([executable, ...args])
}

function announce(args: readonly string[]): void {
  const words = args.map(arg => (/^[\w./-]+$/.test(arg) ? arg : `'${arg}'`))
  console.log(`\n$ canhazgpu ${words.join(' ')}`)
}

function must(command: string[]): void {
  const { exitCode } = Bun.spawnSync(command, { env, stdio: ['ignore', 'inherit', 'inherit'] })
  if (exitCode !== 0) throw new Error(`${command.join(' ')} ended with exit status ${exitCode}`)
}

function simulate(): void {
  show('admin', '--gpus', String(SIMULATED_GPUS), '--provider', 'fake')
  show('status')
}

function hasFreeGpu(): boolean {
  const { stdout } = Bun.spawnSync([executable, 'status', '--json'], { env })
  return JSON.parse(stdout.toString()).summary.free > 0
}

/** How many GPUs nvidia-smi reports; none when it is not there, fails, or does not answer. */
function countRealGpus(): number {
  if (Bun.which('nvidia-smi') === null) return 0
  const { exitCode, stdout } = Bun.spawnSync(['nvidia-smi', '--query-gpu=index', '--format=csv,noheader'], {
    timeout: NVIDIA_SMI_TIMEOUT_MS,
    killSignal: 'SIGKILL',
  })
  return exitCode === 0 ? stdout.toString().split('\n').filter(Boolean).length : 0
}
