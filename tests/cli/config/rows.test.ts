import { describe, expect, test } from 'bun:test'
import type { Origins } from '../../../src/cli/command.ts'
import { commonOptions, readConfiguration } from '../../../src/cli/config/read-file.ts'
import { configurationRows, strangeVariables } from '../../../src/cli/config/rows.ts'
import { standingSettings } from '../../../src/cli/config/standing-settings.ts'
import { tomlLines } from '../../../src/cli/config/toml-lines.ts'
import { safeText } from '../../../src/cli/output/safe-text.ts'
import { environment, settingsFor } from '../../../src/cli/settings.ts'
import fc from '../../helpers/fast-check.ts'

const texts = fc.string({ unit: 'binary', minLength: 1 }).map(text => text.toWellFormed())
const labels = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
  .filter(text => text.trim() !== '' && safeText(text) === text)
const configuration = fc.record(
  {
    store: texts,
    'memory-threshold': fc.nat(100_000),
    wait: fc.constantFrom(true, false, '2h', '1h30m'),
    note: labels,
    'gpu-ids': fc.constantFrom(3, '0-3', [1, 2], false),
    'expiry-warning': fc.constantFrom('1h', false),
    'idle-release': fc.constantFrom('1h', false),
    run: fc.record(
      { wait: fc.boolean(), timeout: fc.constantFrom('2h', false), note: labels },
      { requiredKeys: [] },
    ),
    admin: fc.record({ force: fc.boolean(), gpus: fc.integer({ min: 1, max: 8 }) }, { requiredKeys: [] }),
  },
  { requiredKeys: [] },
)

function rowsFor(origins: Origins, all: boolean) {
  return configurationRows(origins, all, settingsFor(standingSettings, null, origins.layers))
}

test('what config prints is a file that sets just what holds', () => {
  fc.assert(
    fc.property(configuration, fc.boolean(), (content, all) => {
      const layer = readConfiguration('/f.json', Buffer.from(JSON.stringify(content)))
      const rows = rowsFor({ given: new Map(), files: [], layers: [layer] }, all)
      const printed = readConfiguration('/f.toml', Buffer.from(tomlLines(rows).join('\n')))
      const again = rowsFor({ given: new Map(), files: [], layers: [printed] }, all)
      expect(again.map(({ command, key, value }) => [command, key, value])).toEqual(
        rows.map(({ command, key, value }) => [command, key, value]),
      )
    }),
    { numRuns: 300 },
  )
})

test('what config prints cannot control a terminal', () => {
  const content = { store: 'a\x1b[2J\u009b\u202e\x7f\n' }
  const layer = readConfiguration('/f.json', Buffer.from(JSON.stringify(content)))
  const rows = rowsFor({ given: new Map(), files: [], layers: [layer] }, false)
  expect(tomlLines(rows)[0]).toStartWith('store = "a\\u001b[2J\\u009b\\u202e\\u007f\\n"')
})

describe('the rows', () => {
  const layers = [
    readConfiguration('/host.toml', Buffer.from('wait = "1h"\n[run]\nwait = "2h"\ntimeout = "1d"')),
    readConfiguration('/own.toml', Buffer.from('memory-threshold = 7\n[reserve]\nwait = false')),
    environment({ CANHAZGPU_WAIT: '3h', CANHAZGPU_ADMIN_FORCE: 'true', CANHAZGPU_POLICY: '' }),
  ]
  const origins = { given: new Map([['store', 'sqlite:/x']]), files: [], layers }
  const rowsOf = (all: boolean) => rowsFor(origins, all)

  test('name the source of each value', () => {
    const rows = rowsOf(false)
    const row = (command: string | null, key: string) =>
      rows.find(row => row.command === command && row.key === key)
    expect(row(null, 'store')).toMatchObject({ value: 'sqlite:/x', source: '--store' })
    expect(row(null, 'memory-threshold')).toMatchObject({ value: 7, source: '/own.toml' })
    expect(row(null, 'wait')).toMatchObject({ value: '3h', source: 'CANHAZGPU_WAIT' })
    expect(row(null, 'policy')).toMatchObject({ value: 'lru', source: null })
    expect(row(null, 'note')).toMatchObject({ value: null, source: null })
    expect(row('run', 'timeout')).toMatchObject({ value: '1d', source: '/host.toml' })
    expect(row('admin', 'force')).toMatchObject({ value: true, source: 'CANHAZGPU_ADMIN_FORCE' })
  })

  test('show of single commands only what is set for them and holds', () => {
    const own = rowsOf(false).filter(({ command }) => command !== null)
    // The variable is later than what the files say of run and of reserve.
    expect(own.map(({ command, key }) => `${command}.${key}`)).toEqual(['admin.force', 'run.timeout'])
  })

  test('show everything when asked to, what is shared once', () => {
    const rows = rowsOf(true)
    const keys = rows.map(({ command, key }) => `${command}.${key}`)
    expect(keys).toEqual(
      expect.arrayContaining(['admin.gpus', 'reserve.duration', 'run.grace', 'run.timeout']),
    )
    expect(keys.filter(key => key.endsWith('.wait'))).toEqual(['null.wait'])
    expect(rows.filter(({ command }) => command === null)).toHaveLength(Object.keys(commonOptions()).length)
  })

  test('are refused where a variable makes no sense', () => {
    const layers = [environment({ CANHAZGPU_RUN_GRACE: 'soon' })]
    expect(() => rowsFor({ given: new Map(), files: [], layers }, false)).toThrow(
      'Invalid value for CANHAZGPU_RUN_GRACE: "soon". Use a duration up to 365d',
    )
  })
})

test('variables that only look like settings are found', () => {
  const env = {
    CANHAZGPU_WAIT: '',
    CANHAZGPU_RUN_WAIT: '',
    CANHAZGPU_RESERVATION: '',
    CANHAZGPU_CONFIG: '',
    PATH: '',
  }
  expect(strangeVariables(env)).toEqual([])
  expect(strangeVariables({ ...env, CANHAZGPU_RUN_WIAT: '', CANHAZGPU_: '' })).toEqual([
    'CANHAZGPU_RUN_WIAT',
    'CANHAZGPU_',
  ])
})
