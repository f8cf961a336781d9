import { describe, expect, test } from 'bun:test'
import { readConfiguration } from '../../../src/cli/config/read-file.ts'
import { ConfigBrokenError, ConfigKeyError, UsageError } from '../../../src/core/errors.ts'
import { thrownBy } from '../../helpers/thrown.ts'

const PATH = '/etc/canhazgpu/config.toml'

function read(text: string | Uint8Array, path = PATH) {
  return readConfiguration(path, Buffer.from(text))
}

describe('a file may say', () => {
  test.each<[string, string, string | null, string | null]>([
    ['memory-threshold = 500', 'memoryThreshold', null, '500'],
    ['memory-threshold = 1_000', 'memoryThreshold', null, '1000'],
    ['probe-timeout = "60s"', 'probeTimeout', null, '60s'],
    ['store = \'sqlite:/srv/a "b".db\'', 'store', null, 'sqlite:/srv/a "b".db'],
    ['wait = true', 'wait', null, 'true'],
    ['wait = "2h"', 'wait', null, '2h'],
    ['gpu-ids = [1, 3]', 'gpuIds', null, '1,3'],
    ['gpu-ids = ["0-3", 5]', 'gpuIds', null, '0-3,5'],
    ['gpu-ids = 2', 'gpuIds', null, '2'],
    ['note = "naïve ✓"', 'note', null, 'naïve ✓'],
    ['note = "1"', 'note', null, '1'],
    ['[run]\ntimeout = "2h"', 'timeout', 'run', '2h'],
    ['run.timeout = "2h"', 'timeout', 'run', '2h'],
    ['run = { timeout = "2h" }', 'timeout', 'run', '2h'],
    ['[run]\ntimeout = false', 'timeout', 'run', null],
    ['[run]\nwait = false', 'wait', 'run', 'false'],
    ['[admin]\nforce = false', 'force', 'admin', 'false'],
    ['history-days = 30', 'historyDays', null, '30'],
    ['idle-release = "1h"', 'idleRelease', null, '1h'],
    ['expiry-warning = false', 'expiryWarning', null, 'false'],
    ['\ufeff# a byte order mark\r\nwait = true\r\n', 'wait', null, 'true'],
  ])('%j', (text, key, command, value) => {
    expect(read(text)(key, command)?.text).toBe(value)
  })

  test('the same in JSON', () => {
    const layer = read('\ufeff{ "wait": true, "run": { "timeout": "2h", "note": null } }', '/x/lab.json')
    expect(layer('wait', null)).toEqual({ text: 'true', source: 'wait in /x/lab.json', file: '/x/lab.json' })
    expect(layer('timeout', 'run')?.source).toBe('run.timeout in /x/lab.json')
    expect(layer('note', 'run')?.text).toBeNull()
  })

  test.each([
    ['', PATH],
    ['# nothing', PATH],
    ['[run]', PATH],
    ['{}', '/x.json'],
  ])('nothing: %j', (text, path) => {
    expect(read(text, path)('wait', null)).toBeUndefined()
  })
})

describe('a relative store', () => {
  test.each([
    ['/etc/canhazgpu/config.toml', 'sqlite:pool.db', 'sqlite:/etc/canhazgpu/pool.db'],
    ['/home/alice/lab.toml', 'sqlite:../lab/pool.db', 'sqlite:/home/alice/../lab/pool.db'],
    ['/lab.toml', 'sqlite:pool.db', 'sqlite:/pool.db'],
    ['lab.toml', 'sqlite:pool.db', `sqlite:${process.cwd()}/pool.db`],
    ['conf/lab.toml', 'sqlite:pool.db', `sqlite:${process.cwd()}/conf/pool.db`],
    ['/etc/canhazgpu/config.toml', 'sqlite:/srv/pool.db', 'sqlite:/srv/pool.db'],
    ['/etc/canhazgpu/config.toml', 'redis://host:6379', 'redis://host:6379'],
  ])('in %s counts from its directory: %s', (path, url, meant) => {
    expect(read(`store = "${url}"`, path)('store', null)?.text).toBe(meant)
  })
})

describe('a key that is not known', () => {
  test.each([
    ['memory-treshold = 1', 'memory-treshold. Did you mean memory-threshold?'],
    ['memory_threshold = 1', 'memory_threshold. Did you mean memory-threshold?'],
    ['memoryThreshold = 1', 'memoryThreshold. Did you mean memory-threshold?'],
    ['wiat = true', 'wiat. Did you mean wait?'],
    ['frobnicate = 1', "frobnicate. See 'canhazgpu config' for all keys"],
    ['timeout = "2h"', 'timeout. It is an option of one command: put it under [run]'],
    ['duration = "2h"', 'duration. It is an option of one command: put it under [reserve]'],
    ['run = true', 'run. It is a section: write [run]'],
    ['[run]\ntiemout = "2h"', 'run.tiemout. Did you mean run.timeout?'],
    ['[run]\nfrobnicate = 1', "run.frobnicate. See 'canhazgpu run --help' for its options"],
    ['[run]\nstore = "sqlite:/x"', 'run.store. It is for all commands: put it above the sections'],
    ['[rnu]\ntimeout = "2h"', '[rnu]. Did you mean [run]?'],
    ['[frobnicate]', '[frobnicate]. A section is a command'],
    ['[man]', '[man]. A section is a command'],
    ['[wait]\nx = 1', '[wait]. A section is a command'],
    ['config = "/x.toml"', 'config. A file cannot name another one'],
    ['__proto__ = 1', "__proto__. See 'canhazgpu config' for all keys"],
    ['constructor = 1', "constructor. See 'canhazgpu config' for all keys"],
    ['[constructor]\nx = 1', '[constructor]. A section is a command'],
    ['[run]\n__proto__ = 1', "run.__proto__. See 'canhazgpu run --help' for its options"],
    ['"" = 1', ". See 'canhazgpu config' for all keys"],
  ])('is refused: %j', (text, words) => {
    const error = thrownBy(() => read(text), ConfigKeyError)
    expect(error).toMatchObject({ path: PATH, exitStatus: 2, message: `Unknown key in ${PATH}: ${words}` })
  })
})

describe('a value that does not fit', () => {
  const label = 'Use one line of at most 200 characters, without control characters'
  const threshold = 'Use a whole number from 0 to 100000000, for example memory-threshold = 500'
  test.each([
    ['memory-threshold = "500"', `memory-threshold in ${PATH}: "500". ${threshold}`],
    ['memory-threshold = 1.5', `memory-threshold in ${PATH}: 1.5. ${threshold}`],
    ['memory-threshold = -1', `memory-threshold in ${PATH}: -1. ${threshold}`],
    ['memory-threshold = nan', `memory-threshold in ${PATH}: null. ${threshold}`],
    ['memory-threshold = true', `memory-threshold in ${PATH}: true. ${threshold}`],
    ['memory-threshold = [1]', `memory-threshold in ${PATH}: [1]. ${threshold}`],
    [
      'probe-timeout = 60',
      `probe-timeout in ${PATH}: 60. Use a duration from 0.1s to 1h, for example probe-timeout = "60s"`,
    ],
    [
      'policy = "lur"',
      `policy in ${PATH}: "lur". Did you mean lru? Use lru, mru-user, pack, for example policy = "pack"`,
    ],
    ['wait = 5', `wait in ${PATH}: 5. Use a duration, true or false, for example wait = "2h"`],
    ['wait = "yes"', `wait in ${PATH}: "yes". Use a duration, true or false, for example wait = "2h"`],
    ['note = ""', `note in ${PATH}: "". ${label}, for example note = "ablation"`],
    ['note = 5', `note in ${PATH}: 5. ${label}, for example note = "ablation"`],
    [
      'store = false',
      `store in ${PATH}: false. Use some text, for example store = "sqlite:/srv/gpu/pool.db"`,
    ],
    [
      'gpu-ids = [1, [2]]',
      `gpu-ids in ${PATH}: [1,[2]]. Use GPU IDs with commas, or ranges of them, for example gpu-ids = "1,3"`,
    ],
    [
      'history-days = 0',
      `history-days in ${PATH}: 0. Use a whole number from 1 to 36525, for example history-days = 90`,
    ],
    [
      'expiry-warning = true',
      `expiry-warning in ${PATH}: true. Use a duration up to 365d, or false, for example expiry-warning = "30m"`,
    ],
    ['[admin]\nforce = "yes"', `admin.force in ${PATH}: "yes". Use true or false, for example force = true`],
    ['[admin]\nforce = 1', `admin.force in ${PATH}: 1. Use true or false, for example force = true`],
    [
      '[log]\nlines = false',
      `log.lines in ${PATH}: false. Use a whole number from 0 to 1000000000, for example lines = 100`,
    ],
    [
      '[run.timeout]\nx = 1',
      `run.timeout in ${PATH}: {"x":1}. Use a duration up to 365d, for example timeout = "2h"`,
    ],
  ])('is refused: %j', (text, words) => {
    const error = thrownBy(() => read(text), UsageError)
    expect(error).toMatchObject({ exitStatus: 2, message: `Invalid value for ${words}` })
  })

  test('is refused with an example in the language of the file', () => {
    expect(thrownBy(() => read('{ "run": { "grace": 5 } }', '/x.json'), UsageError).message).toBe(
      'Invalid value for run.grace in /x.json: 5. Use a duration up to 365d, for example "grace": "1m"',
    )
  })

  test('is not repeated at any length', () => {
    const { message } = thrownBy(() => read(`wait = [${'1, '.repeat(100_000)}]`), UsageError)
    expect(message.length).toBeLessThan(300)
  })
})

describe('a file that is broken', () => {
  test.each([
    ['wait = true\n\nnote = 2h\n', PATH, 3],
    ['wait = true\nwait = false\n', PATH, 2],
    ['[run]\ntimeout = "2h"\n\n[run]\n', PATH, 4],
    ['note = """\na\nb\n', PATH, 1],
    ['gpu-ids = [\n1,\n2,\n]\nx = [1,\n', PATH, 5],
    ['wait = true\r\nnote = \r\n', PATH, 2],
    ['x', PATH, 1],
    ['\n\nnote = "a\tb\x01"', PATH, 3],
    ['{\n  "wait": true,\n}', '/x.json', 3],
    ['{\n  "wait": true\n  "note": "x"\n}', '/x.json', 3],
    ['{\n  "wait": tru\n}', '/x.json', 2],
    ["{\n  'wait': true\n}", '/x.json', 2],
    ['{\n  "a": [1,\n2,,\n3] }', '/x.json', 3],
    ['{}\n\n}', '/x.json', 3],
    ['{\n\n', '/x.json', 3],
    ['', '/x.json', 1],
    ['[1]', '/x.json', 1],
    ['null', '/x.json', 1],
    ['"wait"', '/x.json', 1],
  ])('names the line: %j in %s, line %d', (text, path, line) => {
    expect(thrownBy(() => read(text, path), ConfigBrokenError)).toMatchObject({ path, line, exitStatus: 2 })
  })

  test('says what is wrong in a line that reads as a sentence', () => {
    expect(thrownBy(() => read('wait = yes'), ConfigBrokenError).message).toBe(
      `Cannot understand the configuration ${PATH}, line 1: Strings must be quoted: "yes". Correct it there`,
    )
  })

  test('may not even be text', () => {
    const bytes = Buffer.concat([
      Buffer.from('wait = true\nnote = "'),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('"\n'),
    ])
    expect(thrownBy(() => read(bytes), ConfigBrokenError)).toMatchObject({
      line: 2,
      problem: 'It is not UTF-8 text',
    })
  })
})
