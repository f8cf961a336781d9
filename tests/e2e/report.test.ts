import { describe, expect, test } from 'bun:test'
import { openStore } from '../../src/store/open.ts'
import { canhazgpu, executable } from '../helpers/executable.ts'
import { Host } from '../helpers/host.ts'
import { aHolder, aManual, DAY, HOUR } from '../helpers/pools.ts'
import { Pty } from '../helpers/pty.ts'
import { Running } from '../helpers/running.ts'
import { documentIn } from '../helpers/schema.ts'
import { ownName } from '../helpers/users.ts'

interface Row {
  holder?: { user_name: string }
  alias?: string | null
  gpu_id?: number
  day?: string
  gpu_seconds: number
  runs: number
  manual_reservations: number
}

async function report(host: Host, ...args: string[]) {
  const { status, stdout, stderr } = await host.canhazgpu('report', '--json', ...args)
  expect([status, stderr]).toEqual([0, ''])
  return documentIn(stdout) as unknown as { since: string; until: string; total: Row; rows: Row[] }
}

/** A host on which somebody had GPU 0 for an hour, so many days ago, and then for ever so long. */
async function hostWithPast(
  daysAgo: number,
  parts: { alias?: string; userName?: string } = {},
): Promise<Host> {
  const host = await Host.withPool(2)
  const store = await openStore(host.storeUrl, 'write')
  const endedAt = Date.now() - daysAgo * DAY
  const { id, type, note, gpus } = aManual()
  const holder = { ...aHolder(4001), userName: parts.userName ?? 'alice' }
  const record = {
    ...{ id, type, holder, alias: parts.alias ?? null, note, gpus },
    ...{
      reservedAt: endedAt - HOUR,
      endedAt,
      ending: 'released' as const,
      waitedMs: 90_000,
      unusedGpuMs: HOUR / 2,
    },
  }
  await store.update(() => ({ changes: [{ kind: 'record', record }], result: undefined }))
  store.close()
  return host
}

/** Fields of a line of comma-separated values, read by the rules of RFC 4180. */
function fields(line: string): string[] {
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^",]*))/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '',
  )
}

describe('report', () => {
  test('looks back as many days as asked, and counts what goes on now', async () => {
    using host = await hostWithPast(10)
    await host.canhazgpu('reserve', '--gpus', '1')
    await using _running = await Running.start(host)
    const month = await report(host)
    expect(month.total).toMatchObject({ runs: 1, manual_reservations: 2 })
    expect(month.rows.map(({ holder }) => holder?.user_name)).toEqual(['alice', ownName])
    expect(month.rows[0]).toMatchObject({
      gpu_seconds: 3600,
      unused_gpu_seconds: 1800,
      mean_wait_seconds: 90,
      longest_wait_seconds: 90,
    })
    expect(month.rows[1]?.gpu_seconds).toBeGreaterThan(0)
    const week = await report(host, '--days', '7')
    expect(week.rows.map(({ holder }) => holder?.user_name)).toEqual([ownName])
    expect(Date.parse(month.until) - Date.parse(month.since)).toBeGreaterThan(29 * DAY - 2 * HOUR)
  })

  test('by day has a row for each day, the last one today; by GPU one for each GPU', async () => {
    using host = await hostWithPast(2)
    const { rows } = await report(host, '--by', 'day', '--days', '5')
    expect(rows).toHaveLength(5)
    expect(rows.reduce((sum, { gpu_seconds }) => sum + gpu_seconds, 0)).toBe(3600)
    const today = await host.shell('date +%F')
    expect(`${rows.at(-1)?.day}\n`).toBe(today.stdout)
    const gpus = (await report(host, '--by', 'gpu')).rows
    expect(gpus.map(({ gpu_id, gpu_seconds }) => [gpu_id, gpu_seconds])).toEqual([
      [0, 3600],
      [1, 0],
    ])
  })

  test('fits a terminal of any width, and a pipe has it whole', async () => {
    using host = await hostWithPast(1, { userName: 'a-user-with-a-very-long-name' })
    for (const columns of [20, 50, 80, 132]) {
      using terminal = new Pty([executable(), 'report'], { ...host.env, LANG: 'C.UTF-8' }, columns)
      await terminal.end()
      await terminal.shows(/Total/)
      const lines = terminal.text.trimEnd().split('\n')
      expect(lines).toHaveLength(4)
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns)
      expect(lines.join('').includes('█')).toBe(columns >= 50)
    }
    const { stdout } = await host.canhazgpu('report')
    expect(stdout.split('\n')[1]).toEndWith('Unused  Mean wait  Longest wait')
    expect(stdout.split('\n')[2]).toEndWith('#'.repeat(40))
  })

  test.each([{}, { NO_COLOR: '1' }, { TERM: 'dumb' }])('is plain text with %j', async env => {
    using host = await hostWithPast(1)
    using terminal = new Pty([executable(), 'report'], { ...host.env, ...env })
    await terminal.end()
    await terminal.shows(/Total/)
    expect(terminal.text).not.toMatch(/[\x00-\x09\x0b-\x1f]/)
  })

  test('as comma-separated values can be read back, whatever the names are', async () => {
    const alias = 'a "b", c\n=1+1 \x1b[31m'
    using host = await hostWithPast(1, { alias })
    const { status, stdout } = await host.canhazgpu('report', '--csv')
    const [header = '', row = '', ...rest] = stdout.split('\n')
    expect([status, rest]).toEqual([0, ['']])
    const cells = Object.fromEntries(fields(header).map((key, place) => [key, fields(row)[place]]))
    expect(cells).toEqual({
      uid: '4001',
      user_name: 'alice',
      alias: String.raw`a "b", c\x0a=1+1 \x1b[31m`,
      gpu_seconds: '3600',
      share: '1',
      runs: '0',
      manual_reservations: '1',
      unused_gpu_seconds: '1800',
      mean_wait_seconds: '90',
      longest_wait_seconds: '90',
    })
    const python = await host.shell(
      '"$C" report --csv | python3 -c "import csv, sys; print(len(list(csv.reader(sys.stdin))[1]))"',
    )
    expect(python.stdout).toBe('10\n')
    for (const by of ['gpu', 'day']) {
      const lines = (await host.canhazgpu('report', '--csv', '--by', by)).stdout.trimEnd().split('\n')
      expect(new Set(lines.map(line => fields(line).length))).toEqual(new Set([8]))
    }
  })

  test('comes in the form that is asked for on the command line, whatever is set elsewhere', async () => {
    using host = await Host.withPool(1)
    const asked = async (form: string, setting: string) => {
      const env = { ...host.env, [setting]: 'true' }
      const { stdout, stderr } = await canhazgpu(['report', form], { env })
      return stdout.slice(0, 3) + stderr
    }
    expect(await asked('--json', 'CANHAZGPU_REPORT_CSV')).toBe('{"v')
    expect(await asked('--csv', 'CANHAZGPU_REPORT_JSON')).toBe('uid')
  })

  test.each([
    [
      ['--json', '--csv'],
      '--json and --csv do not go together: both say what is printed. Use one of the two',
    ],
    ...['0', '9999'].map((days): [string[], string] => [
      ['--days', days],
      `Invalid value for --days: "${days}". Use a whole number from 1 to 3660, for example --days 7`,
    ]),
    [['--by', 'month'], 'Invalid value for --by: "month". Use user, gpu, day, for example --by day'],
  ])('refuses %j', async (args, message) => {
    using host = await Host.withPool(1)
    const { status, stdout, stderr } = await host.canhazgpu('report', ...args)
    expect([status, stdout, stderr]).toEqual([2, '', `Error: ${message}\n`])
  })
})
