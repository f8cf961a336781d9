import { describe, expect, test } from 'bun:test'
import { EXECVE } from '../helpers/execve.ts'
import { Host } from '../helpers/host.ts'

describe('the command finds', () => {
  test('its GPUs ascending, whichever were released first', async () => {
    using host = await Host.withPool(3)
    const show = `sh -c 'echo "$CUDA_VISIBLE_DEVICES $CUDA_DEVICE_ORDER"'`
    // GPU 0 has been released, so 1 and 2 come before it.
    await host.shell('"$C" reserve --gpus 1; "$C" release')
    const { stdout } = await host.shell(`"$C" run --gpus 2 -- ${show}`)
    expect(stdout).toBe('1,2 PCI_BUS_ID\n')
    const all = await host.shell(`"$C" reserve >&2; "$C" run --gpus 2 -- ${show}`)
    expect(all.stdout).toMatch(/^(0,1|0,2|1,2) PCI_BUS_ID\n$/)
  })

  test('the id of its reservation, another one each time', async () => {
    using host = await Host.withPool(2)
    const ids = await Promise.all(
      [1, 2].map(async () => (await host.canhazgpu('run', '--', 'printenv', 'CANHAZGPU_RESERVATION')).stdout),
    )
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{12}\n$/)
    expect(ids[0]).not.toBe(ids[1])
  })

  test('earlier values replaced, however many there are', async () => {
    using host = await Host.withPool(1)
    const entries = `CUDA_VISIBLE_DEVICES=7 CUDA_DEVICE_ORDER=FASTEST_FIRST CUDA_VISIBLE_DEVICES= CANHAZGPU_RESERVATION=x`
    const { stdout } = await host.shell(
      `exec python3 -c "$EXECVE" ${entries} "PATH=$PATH" "CANHAZGPU_STORE=$CANHAZGPU_STORE" -- "$C" run -- cat /proc/self/environ`,
      { env: { EXECVE } },
    )
    const found = stdout.split('\0').filter(entry => /^(CUDA|CANHAZGPU_RES)/.test(entry))
    expect(found.sort()).toEqual([
      expect.stringMatching(/^CANHAZGPU_RESERVATION=[0-9a-f]{12}$/),
      'CUDA_DEVICE_ORDER=PCI_BUS_ID',
      'CUDA_VISIBLE_DEVICES=0',
    ])
  })

  test('no other variable changed, added or lost: bytes that are no UTF-8, twins, entries without =', async () => {
    using host = await Host.withPool(1)
    const entries = `$'LATIN=\\xe9\\xff' $'\\xfe\\xff=name' TWIN=1 TWIN=2 EMPTY= NO_EQUALS =odd $'LINES=a\\nb' BUN_OPTIONS= NODE_OPTIONS=--x`
    const script = `exec python3 -c "$EXECVE" ${entries} "PATH=$PATH" "CANHAZGPU_STORE=$CANHAZGPU_STORE" -- "$@" | base64 -w0`
    const [ours, direct] = await Promise.all(
      ['"$C" run -- ', '/usr/bin/env '].map(async prefix => {
        const command = `set -- ${prefix} cat /proc/self/environ; ${script}`
        const { stdout } = await host.shell(command, { env: { EXECVE } })
        return Buffer.from(stdout, 'base64').toString('latin1')
      }),
    )
    const added = /CUDA_VISIBLE_DEVICES=0\0CUDA_DEVICE_ORDER=PCI_BUS_ID\0CANHAZGPU_RESERVATION=\w+\0$/
    expect(direct).toContain('LATIN=\xe9\xff\0\xfe\xff=name\0TWIN=1\0TWIN=2\0EMPTY=\0')
    expect(ours).toMatch(added)
    expect(ours?.replace(added, '')).toBe(direct ?? '')
  })
})

test('arguments and the name of the command pass byte for byte, also when they are not UTF-8', async () => {
  using host = await Host.withPool(1)
  const cwd = host.directory.path
  const { stdout, stderr } = await host.shell(
    `cp "$(type -P printf)" $'caf\\xe9'
     PATH=$PATH:. "$C" run -- $'caf\\xe9' '%s|' $'\\xff\\xfe' $'a\\xe9b' '' $'\\xc3\\xa9' | od -An -tx1`,
    { cwd },
  )
  expect(stderr).toBe('Reserved 1 GPU(s): [0]\n')
  expect(stdout.trim()).toBe('ff fe 7c 61 e9 62 7c 7c c3 a9 7c')
})

test('a command with 50,000 words and a large environment passes whole', async () => {
  using host = await Host.withPool(1)
  const { stdout } = await host.shell(
    `for i in {1..5}; do export "BIG_$i=$(head -c 100000 /dev/zero | tr '\\0' x)"; done
     words=$(seq 50000)
     "$C" run -- sh -c 'echo $# \${#BIG_1} \${#BIG_5}' sh $words 2>&1`,
  )
  expect(stdout).toBe('Reserved 1 GPU(s): [0]\n50000 100000 100000\n')
})
