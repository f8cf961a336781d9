import { describe, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Answer, ask, endAll, fakeTool } from '../helpers/asked-probe.ts'
import type { FakeGpu } from '../helpers/fake-nvidia-smi.ts'

const host = fakeTool()

/** What the probe says of these GPUs, by index. */
async function seen(gpus: readonly FakeGpu[]): Promise<Answer['gpus']> {
  host.tool.show(gpus)
  return (await ask('usage')).gpus
}

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
    host.tool.before('sleep 0.3')
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
    host.tool.before('echo "WARNING: infoROM is corrupted at gpu 0000:02:00.0" >&2')
    expect(await seen([{}])).toEqual({ 0: { memoryUsedMiB: 0, processes: [] } })
  })

  test('is asked both questions at the same time', async () => {
    // Each answers only when the other has begun.
    const marks = join(host.directory, 'mark')
    host.tool.before(`touch "${marks}\${1%%=*}"
      until [ -e "${marks}--query-gpu" ] && [ -e "${marks}--query-compute-apps" ]; do sleep 0.01; done`)
    expect(await seen([{}])).toEqual({ 0: { memoryUsedMiB: 0, processes: [] } })
  })

  test('keeps nobody waiting by a child that goes on with its output', async () => {
    const pidFile = join(host.directory, 'pid')
    host.tool.before(`sleep 600 & echo $! >> ${pidFile}`)
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
    host.tool.show([{}])
    writeFileSync(
      join(host.tool.directory, 'apps'),
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
