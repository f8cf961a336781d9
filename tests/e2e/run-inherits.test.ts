import { describe, expect, test } from 'bun:test'
import { outcome } from '../helpers/executable.ts'
import { Host, isOnRedis } from '../helpers/host.ts'

/**
 * What a shell sets up for a command, and how the command sees it. `RUN` stands where canhazgpu comes in. The same is done
 * without it, and the results must not differ.
 */
const CASES: [what: string, script: string][] = [
  ['the current directory', 'cd /usr/lib && RUN pwd'],
  ['the umask', 'umask 027; RUN sh -c umask'],
  ['the priority', 'exec nice -n 7 RUN nice'],
  // The shell stays and is the parent: where it is not, nobody can tell any more what the soft limit was.
  [
    'the soft limit of open files that its parent has',
    'ulimit -Sn 300; RUN bash -c "ulimit -Sn; ulimit -Hn"; :',
  ],
  ['both limits of open files', 'ulimit -n 300; RUN bash -c "ulimit -Sn; ulimit -Hn"'],
  ['all limits', 'ulimit -c 0; RUN cat /proc/self/limits'],
  ['signals ignored by the caller', 'trap "" HUP INT USR1; RUN grep ^Sig[BIC] /proc/self/status'],
  ['signals of nobody', 'RUN grep ^Sig[BIC] /proc/self/status'],
  [
    'a mask of blocked signals',
    `exec python3 -c 'import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, {1, 10, 14, 34})
os.execvp(sys.argv[1], sys.argv[1:])' RUN grep ^SigBlk /proc/self/status`,
  ],
  ['a here string on descriptor 3', 'RUN sh -c "cat <&3" 3<<<three'],
  ['a file on descriptor 10', 'exec 10</etc/hostname; RUN cat /dev/fd/10'],
  ['process substitution', 'RUN cat <(echo hi) <(echo there)'],
  ['a writable descriptor', 'RUN sh -c "echo out >&7" 7>&1'],
  ['a closed standard input', 'RUN sh -c "cat 2>&1; ls /proc/self/fd" <&-'],
  ['no descriptor but these', 'RUN ls /proc/self/fd 5</dev/null 200</dev/null'],
  ['whether its input blocks', 'RUN grep flags /proc/self/fdinfo/0 </dev/null'],
  [
    'settings of the kernel',
    'cd /proc/self; RUN cat personality coredump_filter timerslack_ns oom_score_adj',
  ],
  ['a broken pipe', 'RUN yes | head -1; echo $PIPESTATUS'],
  ['a limit of file sizes', 'RUN bash -c "ulimit -c 0 -f 1; exec head -c 9999 /dev/zero >big"; echo $?'],
  ['a hangup that nohup ignores', "nohup RUN sh -c 'kill -HUP $$; echo survived'"],
]

describe('the command inherits from the caller', () => {
  test.each(CASES)('%s', async (_what, script) => {
    using host = await Host.withPool(1)
    const cwd = host.directory.path
    const direct = await host.shell(script.replaceAll('RUN ', ''), { cwd })
    // The notice would mix with what the command has to say.
    const ours = await host.shell(script.replaceAll('RUN ', '"$C" run -- '), { cwd })
    expect(ours.stderr).toContain('Reserved 1 GPU(s): [0]\n')
    expect({ ...ours, stderr: '' }).toEqual({ ...direct, stderr: '' })
    expect(direct.stdout).not.toBe('')
  })

  test.skipIf(isOnRedis)('its alarm, also when canhazgpu had to wait for the store', async () => {
    using host = await Host.withPool(1)
    const code = `
import os, signal, sys
signal.alarm(1000)
os.execv(sys.argv[1], [sys.argv[1], 'run', '--', 'python3', '-c', 'import signal; print(signal.alarm(0))'])`
    // The lock is held until somebody waits for it; the kernel shows who.
    const { stdout } = await host.shell(
      `lock="${host.poolPath}-lock"
       { flock 9; echo >locked; until grep -q -- "-> FLOCK.*:$(stat -c %i "$lock") " /proc/locks; do sleep 0.01; done; } 9<"$lock" &
       until [ -e locked ]; do sleep 0.01; done
       python3 -c "$CODE" "$C"; wait`,
      { cwd: host.directory.path, env: { CODE: code } },
    )
    expect(Number(stdout)).toBeGreaterThan(900)
  })

  test('its parent and pid, but no child that it never started', async () => {
    using host = await Host.withPool(1)
    const script = `
import os
print(os.getpid(), os.getppid(), os.getpgrp(), os.getsid(0))
try: print(os.wait())
except ChildProcessError: print("no child")`
    const child = host.start(['run', '--', 'python3', '-c', script])
    const { stdout } = await outcome(child)
    const group = await host.shell(`ps -o pgid=,sid= -p ${process.pid}`)
    expect(stdout.replace('no child', '').trim().split(' ').map(Number)).toEqual([
      child.pid,
      process.pid,
      ...group.stdout.trim().split(/ +/).map(Number),
    ])
    expect(stdout).toEndWith('no child\n')
  })

  test('nothing to wait for in a shell', async () => {
    using host = await Host.withPool(1)
    const { stdout } = await host.canhazgpu('run', '--', 'bash', '-c', 'wait -n; echo $?; jobs')
    expect(stdout).toBe('127\n')
  })
})
