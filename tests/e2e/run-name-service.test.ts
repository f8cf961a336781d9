import { expect, test } from 'bun:test'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Host } from '../helpers/host.ts'
import { canMount } from '../helpers/small-file-system.ts'

/** A name service that keeps a socket open between questions, as SSSD's does. It leaves a file to show that it was asked. */
const SERVICE = `
#include <errno.h>
#include <fcntl.h>
#include <nss.h>
#include <pwd.h>
#include <sys/socket.h>
#include <unistd.h>
enum nss_status _nss_lasting_getpwuid_r(uid_t uid, struct passwd *entry, char *room, size_t size, int *error) {
  static int connection = -1;
  if (connection < 0) connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  close(creat("asked", 0644));
  *error = ENOENT;
  return NSS_STATUS_NOTFOUND;
}`

test.skipIf(!canMount || Bun.which('cc') === null)(
  'the command does not inherit what the name service has open',
  async () => {
    using host = await Host.withPool(1)
    const cwd = host.directory.path
    writeFileSync(join(cwd, 'service.c'), SERVICE)
    writeFileSync(join(cwd, 'nsswitch.conf'), 'passwd: lasting files\n')
    const { stdout, stderr } = await host.shell(
      `cc -shared -fPIC -o libnss_lasting.so.2 service.c
       ls /proc/self/fd >direct
       unshare --mount bash -c 'mount --bind nsswitch.conf /etc/nsswitch.conf
         LD_LIBRARY_PATH=$PWD "$C" run -- env -u LD_LIBRARY_PATH ls /proc/self/fd' | diff direct - && echo same`,
      { cwd },
    )
    expect(existsSync(join(cwd, 'asked'))).toBe(true)
    expect({ stdout, stderr }).toEqual({ stdout: 'same\n', stderr: 'Reserved 1 GPU(s): [0]\n' })
  },
)
