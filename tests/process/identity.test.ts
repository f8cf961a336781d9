import { describe, expect, test } from 'bun:test'
import { readFileSync, readlinkSync } from 'node:fs'
import { ownIdentity } from '../../src/process/identity.ts'
import { identityOf } from '../helpers/child-process.ts'
import { answerOf } from '../helpers/programs.ts'

describe('the identity of a process', () => {
  test('is its boot, pid namespace, pid and start time', () => {
    expect(ownIdentity()).toEqual({
      bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
      pidNamespace: readlinkSync('/proc/self/ns/pid'),
      pid: process.pid,
      startTicks: identityOf(process.pid).startTicks,
    })
  })

  test('stays the same across exec', async () => {
    const sayWhoThenExec = ['/bin/sh', '-c', 'cat /proc/$$/stat; exec "$@"', 'sh']
    const lines = (await answerOf('processes', ['identity'], { wrapper: sayWhoThenExec })).split('\n')
    const [pid = '', ...fields] = lines[0]?.split(' ') ?? []
    expect(JSON.parse(lines[1] ?? '')).toMatchObject({ pid: Number(pid), startTicks: Number(fields[20]) })
  })
})
