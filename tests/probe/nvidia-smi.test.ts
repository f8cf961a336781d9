import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { GpuUsage } from '../../src/core/usage.ts'
import { stateOf } from '../helpers/child-process.ts'
import { type FakeGpu, FakeNvidiaSmi } from '../helpers/fake-nvidia-smi.ts'
import { answerOf } from '../helpers/programs.ts'
import { temporaryDirectory } from '../helpers/temporary.ts'
import { until } from '../helpers/until.ts'

/** Long enough for a tool that answers, on any machine. */
const PATIENT_MS = 60_000
const HASTY_MS = 300

let directory: ReturnType<typeof temporaryDirectory>
let tool: FakeNvidiaSmi
let pathBefore: string | undefined

beforeEach(() => {
  directory = temporaryDirectory()
  tool = new FakeNvidiaSmi(directory.path)
  pathBefore = process.env.PATH
  process.env.PATH = [tool.directory, pathBefore].join(delimiter)
})
afterEach(() => {
  process.env.PATH = pathBefore
  directory[Symbol.dispose]()
})

interface Answer {
  readonly tool: string
  readonly gpus?: Readonly<Record<number, GpuUsage>>
  readonly gpuCount?: number
  readonly problem?: string
}

/** What the probe answers, in a process that has the tool on its PATH from the start. */
async function ask(question: 'usage' | 'gpuCount', timeoutMs = PATIENT_MS): Promise<Answer> {
  return JSON.parse(await answerOf('probe', [question, String(timeoutMs)])) as Answer
}

/** What the probe says of these GPUs, by index. */
async function seen(gpus: readonly FakeGpu[]): Promise<Answer['gpus']> {
  tool.show(gpus)
  return (await ask('usage')).gpus
}

/** What the tool did wrong, in the probe's words; the same whether it is asked for the usage or for the number of GPUs. */
async function problem(timeoutMs = PATIENT_MS): Promise<string | undefined> {
  const [usage, gpuCount] = await Promise.all([ask('usage', timeoutMs), ask('gpuCount', timeoutMs)])
  expect(usage).toEqual(gpuCount)
  return usage.problem
}

/** A shell line for `before` that holds for one of the two queries only. */
const onlyFor = (query: 'gpu' | 'compute-apps', line: string) =>
  `case "$1" in --query-${query}=*) ${line} ;; esac`

describe('a host in good health', () => {
  test('shows idle and busy GPUs, each with its processes', async () => {
    const gpus = [
      {},
      { memoryUsed: 45 },
      {
        memoryUsed: 8452,
        apps: [
          { pid: 12345, memory: 8000 },
          { pid: 67890, memory: 400, name: '/opt/a, b/jupyter lab' },
        ],
      },
    ]
    expect(await seen(gpus)).toEqual({
      0: { memoryUsedMiB: 0, processes: [] },
      1: { memoryUsedMiB: 45, processes: [] },
      2: {
        memoryUsedMiB: 8452,
        processes: [
          { pid: 12345, memoryMiB: 8000, name: '/usr/bin/python3' },
          { pid: 67890, memoryMiB: 400, name: '/opt/a, b/jupyter lab' },
        ],
      },
    })
    expect((await ask('usage')).tool).toBe('nvidia-smi')
    expect((await ask('gpuCount')).gpuCount).toBe(3)
  })

  test('may be slow, within the deadline', async () => {
    tool.before('sleep 0.3')
    expect(await seen([{}])).toEqual({ 0: { memoryUsedMiB: 0, processes: [] } })
  })

  test('shows one process on each of the GPUs that it uses', async () => {
    const apps = [{ pid: 7, memory: 10, name: 'x' }]
    const used = { memoryUsedMiB: 0, processes: [{ pid: 7, memoryMiB: 10, name: 'x' }] }
    expect(await seen([{ apps }, {}, { apps }])).toEqual({
      0: used,
      1: { memoryUsedMiB: 0, processes: [] },
      2: used,
    })
  })

  test('may list its GPUs in any order: the index counts', async () => {
    expect(
      await seen([
        { index: 2, memoryUsed: 2 },
        { index: 0, memoryUsed: 1 },
      ]),
    ).toEqual({
      0: { memoryUsedMiB: 1, processes: [] },
      2: { memoryUsedMiB: 2, processes: [] },
    })
  })

  test('says much: more than a pipe holds', async () => {
    const apps = Array.from({ length: 3000 }, (_, pid) => ({
      pid: pid + 1,
      name: `/opt/${'x'.repeat(60)}/${pid}`,
    }))
    expect((await seen([{ apps }]))?.[0]?.processes.map(({ pid }) => pid)).toEqual(apps.map(({ pid }) => pid))
  })

  test('may warn on stderr', async () => {
    tool.before('echo "WARNING: infoROM is corrupted at gpu 0000:02:00.0" >&2')
    expect(await seen([{}])).toEqual({ 0: { memoryUsedMiB: 0, processes: [] } })
  })

  test('is asked both questions at the same time', async () => {
    // Each answers only when the other has begun.
    const marks = join(directory.path, 'mark')
    tool.before(`touch "${marks}\${1%%=*}"
      until [ -e "${marks}--query-gpu" ] && [ -e "${marks}--query-compute-apps" ]; do sleep 0.01; done`)
    expect(await seen([{}])).toEqual({ 0: { memoryUsedMiB: 0, processes: [] } })
  })

  test('keeps nobody waiting by a child that goes on with its output', async () => {
    const pidFile = join(directory.path, 'pid')
    tool.before(`sleep 600 & echo $! >> ${pidFile}`)
    expect(await seen([{}])).toEqual({ 0: { memoryUsedMiB: 0, processes: [] } })
    endAll(pidFile)
  })
})

describe('what is not told', () => {
  test.each(['[N/A]', '[Not Supported]', '[Insufficient Permissions]'])(
    'memory: %s leaves the processes',
    async memory => {
      const gpus = [{ memoryUsed: memory }, { memoryUsed: memory, apps: [{ pid: 5, memory, name: 'x' }] }]
      expect(await seen(gpus)).toEqual({
        0: { memoryUsedMiB: null, processes: [] },
        1: { memoryUsedMiB: null, processes: [{ pid: 5, memoryMiB: null, name: 'x' }] },
      })
    },
  )

  test('processes: the GPU is unknown, the others are not', async () => {
    const apps = [
      { pid: 5, name: 'x' },
      { pid: '[N/A]', name: '[N/A]' },
    ]
    expect(await seen([{ apps }, {}])).toEqual({ 1: { memoryUsedMiB: 0, processes: [] } })
  })

  test('a row: the GPU is unknown', async () => {
    expect(await seen([{ index: 0 }, { index: 3 }])).toEqual({
      0: { memoryUsedMiB: 0, processes: [] },
      3: { memoryUsedMiB: 0, processes: [] },
    })
  })

  test('anything of a GPU that is sick: it is unknown', async () => {
    const sick = { uuid: '[Unknown Error]', memoryUsed: '[Unknown Error]' }
    expect(await seen([sick, {}])).toEqual({ 1: { memoryUsedMiB: 0, processes: [] } })
  })

  test('the row of a GPU on which a process runs: the others are what they are', async () => {
    tool.show([{}])
    writeFileSync(
      join(tool.directory, 'apps'),
      'gpu_uuid\tpid\tused_memory\tprocess_name\nGPU-9999-gone\t7\t512\tpython3\n',
    )
    expect((await ask('usage')).gpus).toEqual({
      0: { memoryUsedMiB: 0, processes: [] },
    })
  })

  test('any row: no GPU is known', async () => {
    expect(await seen([])).toEqual({})
    expect((await ask('gpuCount')).gpuCount).toBe(0)
  })
})

describe('a tool that fails', () => {
  beforeEach(() => tool.idle(2))

  test.each([1, 2, 3, 4, 6, 8, 9, 10, 12, 14, 15, 18, 127, 255])('with status %d is quoted', async status => {
    tool.before(`echo "Something is wrong: code ${status}."; exit ${status}`)
    expect(await problem()).toBe(`failed (exit status ${status}): Something is wrong: code ${status}`)
  })

  test('is quoted from stderr when stdout is empty, and not at all when both are', async () => {
    tool.before('echo >&2; echo "no such device" >&2; exit 6')
    expect(await problem()).toBe('failed (exit status 6): no such device')
    tool.before('exit 6')
    expect(await problem()).toBe('failed (exit status 6)')
  })

  test('with an endless message is quoted in one line', async () => {
    tool.before('head -c 100000 /dev/zero | tr "\\0" x; exit 1')
    expect(await problem()).toBe(`failed (exit status 1): ${'x'.repeat(200)}…`)
  })

  test.each(['gpu', 'compute-apps'] as const)(
    'in one of its answers is not believed in the other (%s)',
    async query => {
      tool.before(onlyFor(query, 'exit 15'))
      expect(await ask('usage')).toEqual({ tool: 'nvidia-smi', problem: 'failed (exit status 15)' })
    },
  )

  test.each([
    ["NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver."],
    ['No devices were found'],
    ['0, GPU-1111, 12, 13'],
    ['\x1b[2J\x00\xff'],
  ])('with status 0 is not believed: %j', async text => {
    const file = join(directory.path, 'text')
    writeFileSync(file, `${text}\n`)
    tool.before(`cat ${file}; exit 0`)
    expect(await problem()).toStartWith('gave an answer that cannot be read: ')
  })

  test('with an error behind good rows is not believed either', async () => {
    tool.before(
      onlyFor('gpu', 'echo "0, GPU-1111, 0"; echo "Unable to determine the device handle for GPU1"; exit 0'),
    )
    expect((await ask('usage')).problem).toStartWith(
      'gave an answer that cannot be read: Unable to determine the device handle',
    )
  })

  test.each(['TERM', 'KILL', 'SEGV'])('by dying of SIG%s says so', async signal => {
    tool.before(`kill -${signal} $$`)
    expect(await problem()).toBe(`was killed by SIG${signal}`)
  })

  test('because it is not there', async () => {
    rmSync(join(tool.directory, 'nvidia-smi'))
    expect(await problem()).toBe('was not found on PATH')
  })

  test('because it may not be executed', async () => {
    chmodSync(join(tool.directory, 'nvidia-smi'), 0o644)
    expect(await problem()).toMatch(/^(was not found on PATH|could not be started: .+)$/)
  })

  test('because its interpreter is missing', async () => {
    writeFileSync(join(tool.directory, 'nvidia-smi'), '#!/nowhere/at/all\n')
    expect(await problem()).toMatch(/^(was not found on PATH|could not be started: .+)$/)
  })
})

describe('a tool that hangs', () => {
  test.each([
    ['', 'exec sleep 600'],
    ['deaf to SIGTERM, ', "trap '' TERM; sleep 600 & echo $! >> $PIDS; wait"],
    ['with a child that holds its output, ', 'sleep 600 & echo $! >> $PIDS; exec sleep 600'],
  ])('%sis given up at the deadline and killed', async (_, line) => {
    const pids = join(directory.path, 'pids')
    tool.before(`PIDS=${pids}; echo $$ >> ${pids}.own; ${line}`)
    expect(await problem(HASTY_MS)).toBe('did not answer within 0.3s')
    await until(() => pidsIn(`${pids}.own`).every(hasEnded))
    endAll(pids)
  })

  test.each(['gpu', 'compute-apps'] as const)(
    'in one of its answers only is given up as well (%s)',
    async query => {
      tool.idle(1)
      tool.before(onlyFor(query, 'exec sleep 600'))
      expect((await ask('usage', HASTY_MS)).problem).toBe('did not answer within 0.3s')
    },
  )
})

function pidsIn(file: string): number[] {
  return readFileSync(file, 'utf8').trim().split('\n').map(Number)
}

/** Gone, or a zombie that its new parent has not come to. */
function hasEnded(pid: number): boolean {
  return ['', 'Z'].includes(stateOf(pid))
}

/** Ends the processes that a tool has left, if there are any. */
function endAll(file: string): void {
  try {
    for (const pid of pidsIn(file)) process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as { code?: string }).code !== 'ENOENT') throw error
  }
}
