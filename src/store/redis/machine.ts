import { readText } from '../../system/libc/files.ts'

/** What tells one machine from another. */
export interface Machine {
  /** /etc/machine-id, which outlives a reboot; '' where there is none. */
  readonly id: string
  /** The boot of the kernel, which all of its containers share. */
  readonly bootId: string
}

export function thisMachine(): Machine {
  return { id: line('/etc/machine-id'), bootId: line('/proc/sys/kernel/random/boot_id') }
}

/** The same boot, or the same machine after another one. */
export function isSameMachine(a: Machine, b: Machine): boolean {
  return (a.bootId !== '' && a.bootId === b.bootId) || (a.id !== '' && a.id === b.id)
}

/**
 * Whose a pool is once this machine has written to it. Within one boot it stays what it was: a container has the boot of its host,
 * and may have an id of its own, by which the host would not be known again after a reboot.
 */
export function ownerAfter(before: Machine | null, here: Machine): Machine {
  return before !== null && before.id !== '' && before.bootId === here.bootId ? before : here
}

/** The name that a machine has by itself, as stores spell names of hosts. */
export function machineName(): string {
  return line('/proc/sys/kernel/hostname').toLowerCase()
}

function line(path: string): string {
  return readText(path)?.trim() ?? ''
}
