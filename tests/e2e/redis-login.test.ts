import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { makeCertificates } from '../helpers/certificates.ts'
import { canhazgpu, executable, type Outcome } from '../helpers/executable.ts'
import { Host } from '../helpers/host.ts'
import { RedisServer } from '../helpers/redis-server.ts'
import { commandLine, keepersOf, keepersOfStores, Running } from '../helpers/running.ts'
import { until } from '../helpers/until.ts'

const PASSWORD = 's3cret%2Fword'

describe('a password', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await RedisServer.start()
    await server.cli('ACL', 'SETUSER', 'gpu', 'on', '>s3cret/word', '~canhazgpu:*', '&*', '+@all')
    await server.cli('ACL', 'SETUSER', 'default', 'off')
  })
  afterAll(() => server[Symbol.asyncDispose]())

  const url = (password = PASSWORD) => server.url('gpu1', `gpu:${password}@`)
  const shown = () => server.url('gpu1', 'gpu@')

  test('in the environment is in no command line, and keepers and observers have it all the same', async () => {
    using host = await Host.withPool(2, url())
    await using running = await Running.start(host)
    expect(keepersOf({ storeUrl: shown() }, running.pid)).toEqual([running.keeper])
    for (const pid of [running.keeper, running.pid])
      expect(commandLine(pid).join(' ')).not.toContain('s3cret')
    await running.kill()
    await until(() => keepersOf({ storeUrl: shown() }).length === 0)
    expect((await host.canhazgpu('log')).stdout).toContain('finished')
  })

  test('is not in what config shows, nor in an error', async () => {
    using host = new Host(1, url('wrong-s3cret'))
    for (const words of [
      ['config'],
      ['config', '--json'],
      ['status'],
      ['doctor'],
      ['reserve'],
      ['admin', '--gpus', '1'],
    ]) {
      const { stdout, stderr } = await host.canhazgpu(...words)
      expect(stdout + stderr).not.toContain('s3cret')
      expect(stdout + stderr).toContain('gpu@')
    }
  })

  test('is refused on the command line, where everybody could read it', async () => {
    using host = new Host(1)
    const { status, stderr } = await host.canhazgpu('status', '--store', url())
    expect(status).toBe(2)
    expect(stderr).toBe(
      'Error: A password on the command line can be read by everybody on this host. Put the URL into the variable CANHAZGPU_STORE, ' +
        'or into a file of your own and use --store-file FILE\n',
    )
    expect((await host.canhazgpu('status', '--store', shown())).stderr).toContain('it wants a password')
  })

  describe('in a file', () => {
    async function withFile(mode: number, act: (host: Host, file: string) => Promise<void>): Promise<void> {
      using host = new Host(1, shown())
      const file = join(host.directory.path, 'store')
      writeFileSync(file, `${url()}\n`)
      chmodSync(file, mode)
      await act(host, file)
    }
    const status = (host: Host, file: string): Promise<Outcome> =>
      canhazgpu(['status'], { env: { ...host.env, CANHAZGPU_STORE: '', CANHAZGPU_STORE_FILE: file } })

    test.each([0o644, 0o604, 0o602, 0o666])('of mode %o is refused', mode =>
      withFile(mode, async (host, file) => {
        expect(await status(host, file)).toMatchObject({
          status: 2,
          stdout: '',
          stderr: `Error: Cannot read the configuration ${file}: everybody on this host may read or write it, and it is for a password. Use: chmod o-rw ${file}\n`,
        })
      }),
    )

    test.each([0o600, 0o640, 0o440])('of mode %o is read, by keepers, too', mode =>
      withFile(mode, async (host, file) => {
        const env = { ...host.env, CANHAZGPU_STORE: '' }
        const words = ['--store-file', file]
        await canhazgpu(['admin', '--gpus', '1', '--force', ...words], { env })
        expect((await status(host, file)).stdout).toContain('GPU 0: AVAILABLE')
        const outcome = await canhazgpu(['run', ...words, '--', 'printenv', 'CUDA_VISIBLE_DEVICES'], { env })
        expect(outcome).toMatchObject({ status: 0, stdout: '0\n' })
        await until(() => keepersOf({ storeUrl: shown() }).length === 0)
        expect((await canhazgpu(['log', ...words], { env })).stdout).toMatch(/finished .*\n$/)
      }),
    )

    test('is named where a pool is to be made, so that what is advised can be typed', () =>
      withFile(0o600, async (host, file) => {
        const elsewhere = { ...host.env, CANHAZGPU_HOST: 'advised' }
        const env = { ...elsewhere, CANHAZGPU_STORE: '', CANHAZGPU_STORE_FILE: file }
        const advice = async (command: string) => {
          const { stdout, stderr } = await canhazgpu([command], { env })
          return /run: canhazgpu (admin .*)/.exec(stdout + stderr)?.[1] ?? ''
        }
        const words = (await advice('status')).split(' ')
        expect(await advice('doctor')).toBe(words.join(' '))
        expect(await canhazgpu(words, { env: host.env })).toMatchObject({ status: 0, stderr: '' })
        expect((await canhazgpu(['status'], { env })).stdout).toContain('GPU 0: AVAILABLE')
      }))

    test('holds over a store that is set in a file, and is refused when it holds something else', async () => {
      using host = new Host(1)
      const file = join(host.directory.path, 'store')
      for (const content of ['', 'two words', '\n\n']) {
        writeFileSync(file, content, { mode: 0o600 })
        expect((await status(host, file)).stderr).toContain('it does not hold the URL of a store')
      }
      expect((await status(host, `${file}-missing`)).stderr).toContain('No such file or directory')
    })
  })
})

describe('over TLS', () => {
  let server: RedisServer
  let files: ReturnType<typeof makeCertificates>
  beforeAll(async () => {
    files = makeCertificates()
    server = await RedisServer.startWithTls(files)
  })
  afterAll(async () => {
    await server[Symbol.asyncDispose]()
    files[Symbol.dispose]()
  })

  const at = (name: string, query: string) => `rediss://${name}:${server.tlsPort}/0?host=tls&${query}`
  const ours = () => `ca=${files.ca}&cert=${files.cert}&key=${files.key}`

  test('with a certificate that is trusted, commands work, and a waiter is woken', async () => {
    using host = await Host.withPool(1, at('localhost', ours()))
    await host.canhazgpu('reserve')
    const waiter = host.start(['run', '--wait', '--', 'echo', 'begun'])
    await until(async () => (await host.canhazgpu('queue')).stdout.includes('run'))
    await host.canhazgpu('release')
    expect(await waiter.stdout.text()).toBe('begun\n')
  })

  test('with the paths of its files relative, keepers find them, too', async () => {
    using host = await Host.withPool(1, at('localhost', ours()).replace('host=tls', 'host=relative'))
    const directory = dirname(files.ca)
    const relative = at('localhost', ours().replaceAll(`${directory}/`, '')).replace(
      'host=tls',
      'host=relative',
    )
    const env = { ...host.env, CANHAZGPU_STORE: relative }
    const inVariable = await canhazgpu(['run', '--', 'true'], { env, cwd: directory })
    expect(inVariable.status).toBe(0)
    // In a file they count from where that is.
    const file = join(directory, 'store')
    writeFileSync(file, relative, { mode: 0o600 })
    expect(await canhazgpu(['run', '--store-file', file, '--', 'true'], { env: host.env })).toMatchObject({
      status: 0,
    })
    await until(() => keepersOfStores(url => url.includes(`:${server.tlsPort}/`)).length === 0)
    const { stdout } = await host.canhazgpu('log')
    expect(stdout.match(/finished/g)).toHaveLength(2)
  })

  test.each([
    ['without the authority that signed it', () => at('localhost', '')],
    ['for another name', () => at('127.0.0.2', ours())],
    ['without a certificate of ours', () => at('localhost', `ca=${files.ca}`)],
  ])('%s is refused', async (_, url) => {
    using host = new Host(1, url())
    const { status, stdout, stderr } = await host.canhazgpu('status')
    expect([status, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(
      /^Error: (The store \S+ cannot be used: its TLS certificate or ours is not accepted|Cannot reach the store) .*\n$/,
    )
  })
})

test('--host chooses whose pool, and every host has its own', async () => {
  await using server = await RedisServer.start()
  const env = { CANHAZGPU_STORE: `redis+unix://${server.socket}` }
  const on = (host: string, ...words: string[]) =>
    canhazgpu([...words, '--host', host], { env: { PATH: process.env.PATH ?? '', ...env } })
  await on('gpu1', 'admin', '--gpus', '1', '--provider', 'fake')
  await on('gpu2', 'admin', '--gpus', '2', '--provider', 'fake')
  expect((await on('gpu2', 'reserve')).status).toBe(0)
  expect((await on('gpu1', 'queue')).stdout).toBe('Nobody is waiting\n')
  // `status` shows the one that is named as it is seen from this one, whose name is another.
  expect((await on('gpu2', 'status')).stdout).toStartWith('HOST gpu2: ')
  const named = { env: { ...env, CANHAZGPU_HOST: 'gpu1' } }
  expect((await canhazgpu(['status'], named)).stdout).toBe('GPU 0: AVAILABLE\n')
  expect((await on('GPU_1', 'status')).stderr).toContain('Invalid value for --host: "GPU_1"')
  // By default it is the name of this machine.
  const machine = readFileSync('/proc/sys/kernel/hostname', 'utf8').trim().toLowerCase()
  await canhazgpu(['admin', '--gpus', '3', '--provider', 'fake'], { env })
  expect((await on(machine, 'status')).stdout.split('\n')).toHaveLength(4)
  expect(executable()).toBeTruthy()
})
