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

/** The name that a machine has by itself, as stores spell names of hosts. */
export function machineName(): string {
  return line('/proc/sys/kernel/hostname').toLowerCase()
}

function line(path: string): string {
  return readText(path)?.trim() ?? ''
}
