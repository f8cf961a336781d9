import { expect, test } from 'bun:test'
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

test.skipIf(isOnRedis)(
  'the suites of the commands, the line and the records of use pass on Redis, too',
  async () => {
    await using server = await RedisServer.start()
    const files = SUITES.map(name => `tests/e2e/${name}.test.ts`)
    const child = Bun.spawn([process.execPath, 'test', '--timeout=120000', ...files], {
      env: { ...process.env, CANHAZGPU_TEST_REDIS: server.socket },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()])
    const isRight = (await child.exited) === 0
    if (!isRight) console.log(stdout, stderr)
    expect(isRight).toBe(true)
  },
  300_000,
)
