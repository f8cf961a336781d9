import { expect, test } from 'bun:test'
import { answerOf } from '../helpers/programs.ts'

/** What a program finds of the process that it was executed in, a line each. */
const LOOK = `
  cd /proc/$$/fd && for fd in *; do [ $fd -gt 2 ] && [ -e $fd ] && printf "fd $fd: " && readlink $fd; done
  grep -E 'Sig(Ign|Blk)|Groups|Umask|NoNewPrivs' /proc/self/status
  echo "open files: $(ulimit -Sn) of $(ulimit -Hn)"
  tr '\\0' '\\n' < /proc/$$/environ | grep -Ev '^(BUN_BE_BUN|_)='`

/** The words of `bash -c LOOK`; bash makes no descriptors of its own, as dash does. */
const look = ['/bin/bash', '-c', LOOK]

/** Starts a program from a script in which `"$@"` is the program, once directly and once by becoming it, and compares. */
async function lookBothWays(script: string): Promise<{ direct: string[]; become: string[] }> {
  const wrapper = ['/bin/bash', '-c', script, 'bash']
  const { exitCode, stdout } = Bun.spawnSync([...wrapper, ...look], {
    env: { PATH: process.env.PATH ?? '' },
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: '/',
  })
  expect(exitCode).toBe(0)
  const become = await answerOf('processes', ['become', ...look], { wrapper })
  return { direct: lines(stdout.toString()), become: lines(become) }
}

/** Every pipe has a number of its own. */
function lines(text: string): string[] {
  return text
    .trimEnd()
    .replace(/pipe:.*/g, 'pipe')
    .split('\n')
    .sort()
}

test('a program that a process has become finds the descriptors of the caller', async () => {
  const { direct, become } = await lookBothWays(
    'exec 3</etc/passwd 4<&3 7>/dev/null 12<> <(:) 200</etc/group; "$@"; true',
  )
  expect(become).toEqual(direct)
  expect(direct.filter(line => line.startsWith('fd ')).length).toBeGreaterThanOrEqual(5)
})

test('and none of the runtime', async () => {
  const { become } = await lookBothWays('"$@"; true')
  expect(become.filter(line => line.startsWith('fd '))).toEqual([])
})

test.each([
  ['no signal ignored', '"$@"; true', /^SigIgn:\s0+$/m],
  ['the signals that the caller ignores', 'trap "" HUP INT USR1; "$@"; true', /^SigIgn:\s0*203$/m],
  ['the signals that the caller blocks', 'env --block-signal=USR1,TERM "$@"; true', /^SigBlk:\s0*4200$/m],
  ['the soft limit of open files', 'ulimit -Sn 256; "$@"; true', /^open files: 256 of /m],
  ['both limits of open files', 'ulimit -n 300; "$@"; true', /^open files: 300 of 300$/m],
  ['the umask', 'umask 077; "$@"; true', /^Umask:\s0077$/m],
  ['the environment', 'export X="a  b" CUDA_VISIBLE_DEVICES=; "$@"; true', /^X=a {2}b$/m],
])('and finds %s', async (_, script, expected) => {
  const { direct, become } = await lookBothWays(script)
  expect(become).toEqual(direct)
  expect(direct.join('\n')).toMatch(expected)
})

test('an argument and an environment that are no UTF-8 arrive byte for byte', async () => {
  const wrapper = ['/bin/sh', '-c', `export B=$(printf '\\377\\200'); exec "$@" "$B"`, 'sh']
  const script = 'printf %s "$0$B" | od -An -tx1'
  expect((await answerOf('processes', ['become', '/bin/sh', '-c', script], { wrapper })).trim()).toBe(
    'ff 80 ff 80',
  )
})
