import { describe, expect, test } from 'bun:test'
import { copyFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseStat, statOf } from '../../src/process/stat.ts'
import { ChildProcess, identityOf } from '../helpers/child-process.ts'
import fc from '../helpers/fast-check.ts'
import { temporaryDirectory } from '../helpers/temporary.ts'

/** A line of /proc/PID/stat: its name in parentheses, then fields 3 to 52, all numbers but the first. */
function statLine(name: string, state: string, threadCount: number, startTicks: number): string {
  const fields = Array.from({ length: 50 }, (_, at) => String(at + 3))
  ;[fields[0], fields[17], fields[19]] = [state, String(threadCount), String(startTicks)]
  return `4711 (${name}) ${fields.join(' ')}\n`
}

describe('a line of /proc/PID/stat', () => {
  test.each(['sleep', '', ')', ') Z 1 (', 'a) S 1 2 3', '((', '\n) R\n', 'tab\tname ', 'é漢\x1b[2J'])(
    'is read whatever the name of the command: %j',
    name => {
      expect(parseStat(statLine(name, 'S', 12, 987_654))).toEqual({
        state: 'S',
        isKernelThread: false,
        threadCount: 12,
        startTicks: 987_654,
      })
    },
  )

  test('is read whatever the name of the command, for any characters', () => {
    const names = fc.string({ unit: fc.constantFrom(...') (ZR\n\t0123\\é\x1b'), maxLength: 15 })
    fc.assert(
      fc.property(names, fc.nat(100), fc.maxSafeNat(), (name, threadCount, startTicks) => {
        expect(parseStat(statLine(name, 'Z', threadCount, startTicks))).toEqual({
          state: 'Z',
          isKernelThread: false,
          threadCount,
          startTicks,
        })
      }),
    )
  })

  test('that is not one is nothing, or three values of the right kind', () => {
    const line = statLine('x', 'S', 1, 5)
    const broken = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.nat(line.length).map(length => line.slice(0, length)),
      fc.tuple(fc.nat(line.length), fc.string()).map(([at, text]) => line.slice(0, at) + text),
    )
    fc.assert(
      fc.property(broken, text => {
        const stat = parseStat(text)
        if (stat === null) return
        expect(stat.state).not.toBeEmpty()
        expect([stat.threadCount, stat.startTicks].every(Number.isInteger)).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })

  test.each([
    ['nothing at all', ''],
    ['a line that ends before the start time', '4711 (sleep) S 1 2 3\n'],
    ['no name', '4711 S'],
  ])('with %s is nothing', (_, text) => {
    expect(parseStat(text)).toBeNull()
  })

  test('says what is a thread of the kernel', async () => {
    await using child = new ChildProcess(['sleep', '600'])
    expect(statOf(child.pid)?.isKernelThread).toBe(false)
    // PF_KTHREAD among the flags, field 9; as `kthreadd` has them.
    expect(parseStat('2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 5 0')).toMatchObject({
      isKernelThread: true,
    })
  })

  test('is nothing of a process that is not there', () => {
    expect(statOf(2 ** 22 + 1)).toBeNull()
  })

  test('is read for a real program with a name made to deceive', async () => {
    using directory = temporaryDirectory()
    const path = join(directory.path, ') Z 1\n(')
    copyFileSync(Bun.which('sleep') ?? '', path)
    await using child = new ChildProcess([path, '600'])
    const stat = parseStat(readFileSync(`/proc/${child.pid}/stat`, 'latin1'))
    expect(stat).toMatchObject({ threadCount: 1, startTicks: identityOf(child.pid).startTicks })
    expect(['S', 'R', 'D']).toContain(stat?.state ?? '')
  })
})
