import { describe, expect, test } from 'bun:test'
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sleepsInPoll, stateOf } from '../helpers/child-process.ts'
import { Host } from '../helpers/host.ts'
import { isFree, keepersOf } from '../helpers/running.ts'
import { until } from '../helpers/until.ts'

const NOTICE = 'Reserved 1 GPU(s): [0]\n'

describe('stdin, stdout and stderr are the command’s', () => {
  test('byte for byte, through files and through pipes; only the notice comes on stderr', async () => {
    using host = await Host.withPool(2)
    const cwd = host.directory.path
    const input = randomBytes(1_000_000)
    writeFileSync(join(cwd, 'input'), input)
    const { status, stderr } = await host.shell(
      `"$C" run -- sh -c 'cat; echo problem >&2' <input >through-files 2>problems
       cat input | "$C" run -- cat 2>/dev/null | cat >through-pipes`,
      { cwd },
    )
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    for (const name of ['through-files', 'through-pipes'])
      expect(readFileSync(join(cwd, name)).equals(input)).toBe(true)
    expect(readFileSync(join(cwd, 'problems'), 'utf8')).toBe(`${NOTICE}problem\n`)
  })

  test('and input that was read in part goes on where it stood, for those behind it as well', async () => {
    using host = await Host.withPool(1)
    const { stdout } = await host.shell(
      `printf 'one\\ntwo\\nthree\\n' | { read -r first; "$C" run -- bash -c 'read -r x; echo "run: $x"'; cat; }`,
    )
    expect(stdout).toBe('run: two\nthree\n')
  })

  test('also where stderr is closed, or nobody reads it any more', async () => {
    using host = await Host.withPool(2)
    const { status, stdout } = await host.shell(
      `"$C" run -- echo closed 2>&-
       { "$C" run -- echo unread; echo $? >&3; } 3>&1 1>&3 2> >(exec true)`,
    )
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'closed\nunread\n0\n' })
  })
})

describe('who captures the output has all of it when the command ends, though the keeper lives on', () => {
  /** Waits until a file is there, and says that it is done. */
  const COMMAND = 'echo >started; until [ -e go ]; do sleep 0.01; done; echo done'
  const PYTHON = `import os, subprocess
words = [os.environ["C"], "run", "--", "sh", "-c", os.environ["COMMAND"]]
print(subprocess.run(words, capture_output=True, text=True).stdout, end="")`

  test.each([
    ['a shell', 'echo "$("$C" run -- sh -c "$COMMAND" 2>&1)" | tail -1'],
    ['Python', 'python3 -c "$PYTHON"'],
  ])('%s', async (_name, script) => {
    using host = await Host.withPool(1)
    const cwd = host.directory.path
    const captured = host.shell(script, { cwd, env: { COMMAND, PYTHON } })
    await until(() => keepersOf(host).some(sleepsInPoll) && existsSync(join(cwd, 'started')))
    const [keeper = 0] = keepersOf(host)
    process.kill(keeper, 'SIGSTOP')
    await until(() => stateOf(keeper) === 'T')
    writeFileSync(join(cwd, 'go'), '')
    expect(await captured).toMatchObject({ status: 0, stdout: 'done\n' })
    expect(stateOf(keeper)).toBe('T')
    process.kill(keeper, 'SIGCONT')
    await until(() => isFree(host))
  })
})
