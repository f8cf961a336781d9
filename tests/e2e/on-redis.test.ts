import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { isOnRedis } from '../helpers/host.ts'
import { RedisServer } from '../helpers/redis-server.ts'

/** The five commands, the line, and the records of use: what every user of either store meets. */
const SUITES = [
  ...[
    'admin',
    'admin-change',
    'adopt',
    'crowd',
    'extend',
    'fail-closed',
    'json',
    'log',
    'log-follow',
    'output',
  ],
  ...['outdated-probe', 'release', 'release-gpus', 'report', 'reserve', 'reserve-shell', 'reserve-short'],
  ...[
    'run-environment',
    'run-exit',
    'run-inherits',
    'run-killed',
    'run-refused',
    'run-released',
    'run-streams',
  ],
  ...['run-terminal', 'run-users', 'status-forms', 'uninitialized', 'wait', 'wait-blocked', 'wait-terminal'],
  ...['warnings', 'watch', 'who-is-who'],
]

describe.skipIf(isOnRedis)('on Redis', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await RedisServer.start()
  })
  afterAll(() => server[Symbol.asyncDispose]())

  test.each(SUITES)('the suite %s passes, too', async suite => {
    const child = Bun.spawn([process.execPath, 'test', '--timeout=60000', `tests/e2e/${suite}.test.ts`], {
      env: { ...process.env, CANHAZGPU_TEST_REDIS: server.socket },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const [stdout, stderr, status] = await Promise.all([
      child.stdout.text(),
      child.stderr.text(),
      child.exited,
    ])
    expect(status === 0 ? '' : stdout + stderr).toBe('')
  })
})
