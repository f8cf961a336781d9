import { beforeEach, describe, expect, test } from 'bun:test'
import { chmodSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ask, endAll, fakeTool, hasEnded, pidsIn } from '../helpers/asked-probe.ts'
import { until } from '../helpers/until.ts'

const HASTY_MS = 300
const host = fakeTool()

/** What the tool did wrong, in the probe's words; the same whether it is asked for the usage or for the number of GPUs. */
async function problem(timeoutMs?: number): Promise<string | undefined> {
  const [usage, gpuCount] = await Promise.all([ask('usage', timeoutMs), ask('gpuCount', timeoutMs)])
  expect(usage).toEqual(gpuCount)
  return usage.problem
}

/** A shell line for `before` that holds for one of the two queries only. */
const onlyFor = (query: 'gpu' | 'compute-apps', line: string) =>
  `case "$1" in --query-${query}=*) ${line} ;; esac`

describe('a tool that fails', () => {
  beforeEach(() => host.tool.idle(2))

  test.each([1, 2, 3, 4, 6, 8, 9, 10, 12, 14, 15, 18, 127, 255])('with status %d is quoted', async status => {
    host.tool.before(`echo "Something is wrong: code ${status}."; exit ${status}`)
    expect(await problem()).toBe(`failed (exit status ${status}): Something is wrong: code ${status}`)
  })

  test('is quoted from stderr when stdout is empty, and not at all when both are', async () => {
    host.tool.before('echo >&2; echo "no such device" >&2; exit 6')
    expect(await problem()).toBe('failed (exit status 6): no such device')
    host.tool.before('exit 6')
    expect(await problem()).toBe('failed (exit status 6)')
  })

  test('with an endless message is quoted in one line', async () => {
    host.tool.before('head -c 100000 /dev/zero | tr "\\0" x; exit 1')
    expect(await problem()).toBe(`failed (exit status 1): ${'x'.repeat(200)}…`)
  })

  test.each(['gpu', 'compute-apps'] as const)(
    'in one of its answers is not believed in the other (%s)',
    async query => {
      host.tool.before(onlyFor(query, 'exit 15'))
      expect(await ask('usage')).toEqual({ tool: 'nvidia-smi', problem: 'failed (exit status 15)' })
    },
  )

  test.each([
    ["NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver."],
    ['No devices were found'],
    ['0, GPU-1111, 12, 13'],
    ['\x1b[2J\x00\xff'],
  ])('with status 0 is not believed: %j', async text => {
    const file = join(host.directory, 'text')
    writeFileSync(file, `${text}\n`)
    host.tool.before(`cat ${file}; exit 0`)
    expect(await problem()).toStartWith('gave an answer that cannot be read: ')
  })

  test('with an error behind good rows is not believed either', async () => {
    host.tool.before(
      onlyFor('gpu', 'echo "0, GPU-1111, 0"; echo "Unable to determine the device handle for GPU1"; exit 0'),
    )
    expect((await ask('usage')).problem).toStartWith(
      'gave an answer that cannot be read: Unable to determine the device handle',
    )
  })

  test.each(['TERM', 'KILL', 'SEGV'])('by dying of SIG%s says so', async signal => {
    host.tool.before(`kill -${signal} $$`)
    expect(await problem()).toBe(`was killed by SIG${signal}`)
  })

  test('because it is not there', async () => {
    rmSync(join(host.tool.directory, 'nvidia-smi'))
    expect(await problem()).toBe('was not found on PATH')
  })

  test('because it may not be executed', async () => {
    chmodSync(join(host.tool.directory, 'nvidia-smi'), 0o644)
    expect(await problem()).toMatch(/^(was not found on PATH|could not be started: .+)$/)
  })

  test('because its interpreter is missing', async () => {
    writeFileSync(join(host.tool.directory, 'nvidia-smi'), '#!/nowhere/at/all\n')
    expect(await problem()).toMatch(/^(was not found on PATH|could not be started: .+)$/)
  })
})

describe('a tool that hangs', () => {
  test.each([
    ['', 'exec sleep 600'],
    ['deaf to SIGTERM, ', "trap '' TERM; sleep 600 & echo $! >> $PIDS; wait"],
    ['with a child that holds its output, ', 'sleep 600 & echo $! >> $PIDS; exec sleep 600'],
  ])('%sis given up at the deadline and killed', async (_, line) => {
    const pids = join(host.directory, 'pids')
    host.tool.before(`PIDS=${pids}; echo $$ >> ${pids}.own; ${line}`)
    expect(await problem(HASTY_MS)).toBe('did not answer within 0.3s')
    await until(() => pidsIn(`${pids}.own`).every(hasEnded))
    endAll(pids)
  })

  test.each(['gpu', 'compute-apps'] as const)(
    'in one of its answers only is given up as well (%s)',
    async query => {
      host.tool.idle(1)
      host.tool.before(onlyFor(query, 'exec sleep 600'))
      expect((await ask('usage', HASTY_MS)).problem).toBe('did not answer within 0.3s')
    },
  )
})
