import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { dirname } from 'node:path'
import { canhazgpu } from '../../helpers/executable.ts'
import { Host } from '../../helpers/host.ts'
import { contentsOf } from '../../helpers/pool-files.ts'

let host: Host
beforeAll(async () => {
  host = await Host.withPool(300)
})
afterAll(() => host[Symbol.dispose]())

describe('a reader that goes away', () => {
  test('after the first line has seen enough: no word, no error', async () => {
    const script = '{ "$C" status; echo "$?" >&2; } | head -1'
    expect(await host.shell(script)).toMatchObject({ stdout: 'GPU 0: AVAILABLE\n', stderr: '0\n' })
  })

  test('before the first line is no error either', async () => {
    // The reader is gone before canhazgpu starts: the shell waits for it.
    const script = 'exec 3> >(:); wait $!; "$C" status >&3; echo "$?"'
    expect(await host.shell(script)).toMatchObject({ stdout: '0\n', stderr: '' })
  })
})

test('a full disk under stdout is an error', async () => {
  expect(await host.shell('"$C" status > /dev/full')).toMatchObject({
    status: 1,
    stderr: 'Error: Cannot write to standard output: No space left on device\n',
  })
})

test('a full disk under stderr keeps nobody from working', async () => {
  const { status, stdout } = await host.shell('"$C" run -- echo done 2> /dev/full')
  expect([status, stdout]).toEqual([0, 'done\n'])
})

describe('a closed descriptor', () => {
  test.each([
    ['stdin', '0<&-'],
    ['stdout', '1>&-'],
    ['stderr', '2>&-'],
    ['all three', '0<&- 1>&- 2>&-'],
  ])('%s does no harm: nothing that is printed ends in the pool', async (_, closing) => {
    const { status } = await host.shell(`"$C" status ${closing}`)
    expect(status).toBe(0)
    for (const content of contentsOf(dirname(host.poolPath)).values()) {
      expect(Buffer.from(content, 'base64').toString('latin1')).not.toContain('AVAILABLE')
    }
    expect((await host.status()).length).toBe(300)
  })
})

test('long output to a pipe that is slow and does not block arrives whole', async () => {
  // 300 lines are more than such a pipe holds: it is made as small as a page.
  const script = `
import fcntl, os, subprocess, sys, time
reader, writer = os.pipe()
fcntl.fcntl(writer, 1031, 4096)
os.set_blocking(writer, False)
child = subprocess.Popen([os.environ['C'], 'status'], stdout=writer)
os.close(writer)
while chunk := os.read(reader, 1000): sys.stdout.write(chunk.decode())
sys.exit(child.wait())`
  const { status, stdout } = await host.shell('exec python3 -c "$SCRIPT"', { env: { SCRIPT: script } })
  expect(status).toBe(0)
  const withoutTimes = (lines: string[]) => lines.map(line => line.replace(/ \(last released .*\)/, ''))
  expect(withoutTimes(stdout.split('\n').slice(0, -1))).toEqual(withoutTimes(await host.status()))
})

test('what a user typed cannot control the terminal when it is repeated', async () => {
  expect(await canhazgpu(['\x1b[2Jstatus\u202e'])).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(
      /^Error: Unknown command: \\x1b\[2Jstatus\\u202e\. Use one of admin, release, .*\n$/,
    ),
  })
})
