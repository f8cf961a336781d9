import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { executable, outcome } from '../helpers/executable.ts'
import { Host } from '../helpers/host.ts'
import { Pty } from '../helpers/pty.ts'
import { until } from '../helpers/until.ts'

let host: Host
beforeEach(async () => {
  host = await Host.withPool(2)
})
afterEach(() => host[Symbol.dispose]())

describe('reserve --short', () => {
  test('prints the ids alone on stdout, and all else on stderr', async () => {
    const { status, stdout, stderr } = await host.canhazgpu('reserve', '-s', '-g', '2', '--duration', '1h')
    expect([status, stdout]).toEqual([0, '0,1\n'])
    expect(stderr).toMatch(
      /^Reserved 2 GPU\(s\): \[0, 1\] for 1h 0m 0s \(until .*\)\nexport CUDA_DEVICE_ORDER=PCI_BUS_ID\n$/,
    )
  })

  test('sets the variable of a shell that asks for it', async () => {
    const script = 'export CUDA_VISIBLE_DEVICES=$("$C" reserve --short -g 2); env | grep ^CUDA_VISIBLE'
    expect((await host.shell(script)).stdout).toBe('CUDA_VISIBLE_DEVICES=0,1\n')
  })

  test.each([
    [['-g', '2'], 75],
    [['-g', '9'], 1],
    [['--duration', 'long'], 2],
    [['-g', '2', '--wait', '1s'], 75],
  ])('prints nothing on stdout when %j is refused', async (args, status) => {
    await host.canhazgpu('reserve')
    expect(await host.canhazgpu('reserve', '--short', ...args)).toMatchObject({ status, stdout: '' })
  })

  test('prints nothing when nvidia-smi is sick', async () => {
    host.nvidiaSmi.before('exit 9')
    expect(await host.canhazgpu('reserve', '--short')).toMatchObject({ status: 1, stdout: '' })
  })

  test.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)(
    'prints nothing when it is ended by %s while it waits, and has nothing',
    async signal => {
      await host.canhazgpu('reserve', '-g', '2')
      const waiter = host.start(['reserve', '--short', '--wait'])
      await until(async () => (await host.canhazgpu('queue')).stdout.includes('1 GPU(s)'))
      waiter.kill(signal)
      expect(await outcome(waiter)).toMatchObject({ signal, stdout: '' })
      await host.canhazgpu('release')
      expect((await host.status()).join()).not.toContain('IN USE')
    },
  )

  test('waits in a terminal with its line on stderr, and gives the variable the ids', async () => {
    await host.canhazgpu('reserve', '-g', '2')
    const script = `export CUDA_VISIBLE_DEVICES=$("${executable()}" reserve --short --wait); echo "have <$CUDA_VISIBLE_DEVICES>"`
    using pty = new Pty(['sh', '-c', script], host.env)
    await pty.shows(/position 1/)
    await host.canhazgpu('release')
    await pty.shows(/have <0>/)
  })

  test('does not go with --shell or --json', async () => {
    for (const other of ['--shell', '--json']) {
      const { status, stdout, stderr } = await host.canhazgpu('reserve', '--short', other)
      expect([status, stdout]).toEqual([2, ''])
      expect(stderr).toContain('do not go together')
    }
    expect((await host.status()).join()).not.toContain('IN USE')
  })
})

describe('a note and an alias', () => {
  test('are shown where the reservation is, and change nothing else', async () => {
    await host.canhazgpu('reserve', '-n', 'ablation, day 2', '-u', 'Zoë')
    const [held] = await host.status()
    expect(held).toMatch(
      /^GPU 0: IN USE by Zoë \([\w-]+\) for .* \[validated: no actual usage detected\] - ablation, day 2$/,
    )
    await host.canhazgpu('reserve')
    const waiter = host.start(['run', '--wait', '--note', 'next', '--', 'true'])
    await until(async () => (await host.canhazgpu('queue')).stdout.endsWith(' - next\n'))
    expect((await host.canhazgpu('reserve')).stderr).toContain('1 request is waiting')
    expect((await host.canhazgpu('reserve', '-G', '0')).stderr).toMatch(/GPU 0 is reserved by Zoë \([\w-]+\)/)
    waiter.kill('SIGKILL')
    await waiter.exited
    expect((await host.canhazgpu('release')).stdout).toBe('Released 2 GPU(s): [0, 1]\n')
  })

  test.each([
    ['--note', 'two\nlines'],
    ['--note', '\x1b[2J'],
    ['--note', 'x'.repeat(201)],
    ['--note', '  '],
    ['--note', '\u202etxet'],
    ['--user', 'x'.repeat(65)],
    ['--user', 'a\tb'],
  ])('%s %j is refused and takes nothing', async (option, value) => {
    const { status, stdout, stderr } = await host.canhazgpu('reserve', option, value)
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/^Error: Invalid value for --\w+: .*without control characters, for example .*\n$/)
    expect(stderr.trimEnd()).not.toMatch(/[\x00-\x1f\u202e]/)
  })

  test('may have 200 characters of any script', async () => {
    const note = '🦊é'.repeat(100)
    await host.canhazgpu('reserve', '--note', note)
    expect((await host.status())[0]).toEndWith(` - ${note}`)
  })
})
