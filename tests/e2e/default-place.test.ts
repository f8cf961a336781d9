import { describe, expect, test } from 'bun:test'
import { Host } from '../helpers/host.ts'
import { canMount } from '../helpers/small-file-system.ts'
import { canMakeUsers, makeUsers } from '../helpers/users.ts'

describe.skipIf(!canMakeUsers || !canMount)('without --store and CANHAZGPU_STORE', () => {
  const [alice, bob] = makeUsers('alice', 'bob')

  test('the pool is in /var/lib/canhazgpu, made by root for all', async () => {
    using host = new Host()
    // A /var/lib of its own, so that the pool of this machine is left alone.
    const script = `
      unset CANHAZGPU_STORE
      mount -t tmpfs -o mode=755 none /var/lib || exit 3
      as() { uid=$1; shift; setpriv --reuid="$uid" --regid="$uid" --clear-groups "$C" "$@"; }
      umask 077
      as ${alice.uid} status
      as ${alice.uid} admin --gpus 2 --provider fake
      "$C" admin --gpus 2 --provider fake
      as ${alice.uid} reserve | head -1 | cut -d ' ' -f 1-4
      as ${bob.uid} reserve | head -1 | cut -d ' ' -f 1-4
      as ${bob.uid} release
      as ${bob.uid} status | cut -d ' ' -f 1-6
      stat -c '%a %U %n' /var/lib/canhazgpu /var/lib/canhazgpu/*`
    const { stdout } = await host.shell(`unshare --mount --propagation private bash -c "$SCRIPT" 2>&1`, {
      env: { SCRIPT: script },
    })
    expect(stdout.split('\n')).toEqual([
      expect.stringMatching(/^Error: GPU pool is not initialized\. /),
      'Error: Cannot create the pool /var/lib/canhazgpu/pool.db: permission denied. Use sudo, or choose a place of your own with --store sqlite:PATH',
      'The GPUs are simulated (--provider fake)',
      'Initialized 2 GPUs (IDs 0 to 1)',
      'Reserved 1 GPU(s): [0]',
      'Reserved 1 GPU(s): [1]',
      'Released 1 GPU(s): [1]',
      `GPU 0: IN USE by ${alice.name}`,
      'GPU 1: AVAILABLE (last released 0h',
      '755 root /var/lib/canhazgpu',
      '666 root /var/lib/canhazgpu/pool.db',
      '666 root /var/lib/canhazgpu/pool.db-lock',
      '666 root /var/lib/canhazgpu/pool.db-shm',
      '666 root /var/lib/canhazgpu/pool.db-wal',
      '',
    ])
  })
})
