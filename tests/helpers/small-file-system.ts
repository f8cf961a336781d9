import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryDirectory } from './temporary.ts'
import { thrownBy } from './thrown.ts'

function mount(...args: string[]): boolean {
  return Bun.spawnSync(['mount', ...args]).exitCode === 0
}

/** Whether this test run may mount file systems: a container's root may not. */
export const canMount = (() => {
  if (process.getuid?.() !== 0) return false
  using place = temporaryDirectory()
  const mounted = mount('-t', 'tmpfs', 'none', place.path)
  if (mounted) Bun.spawnSync(['umount', place.path])
  return mounted
})()

/** A file system of its own in memory, to be filled and to be made read-only. Disposed of with all that is in it. */
export class SmallFileSystem {
  private readonly place = temporaryDirectory()
  /** Where it is mounted. */
  readonly path = join(this.place.path, 'small')

  constructor(readonly sizeKiB: number) {
    mkdirSync(this.path)
    this.mustMount('-t', 'tmpfs', '-o', `size=${sizeKiB}k`, 'none', this.path)
    chmodSync(this.path, 0o755)
  }

  /** Leaves not a page free. */
  fill(): void {
    const tooMuch = Buffer.alloc((this.sizeKiB + 4) * 1024)
    const { code } = thrownBy(() => writeFileSync(join(this.path, 'filler'), tooMuch), Error) as {
      code?: string
    }
    if (code !== 'ENOSPC') throw new Error(`filling ${this.path} ended with ${code}`)
  }

  makeRoom(): void {
    rmSync(join(this.path, 'filler'))
  }

  growTo(sizeKiB: number): void {
    this.mustMount('-o', `remount,size=${sizeKiB}k`, this.path)
  }

  makeReadOnly(): void {
    this.mustMount('-o', 'remount,ro', this.path)
  }

  makeWritable(): void {
    this.mustMount('-o', 'remount,rw', this.path)
  }

  [Symbol.dispose](): void {
    const { exitCode, stderr } = Bun.spawnSync(['umount', '--lazy', this.path])
    if (exitCode !== 0) throw new Error(`umount ${this.path}: ${stderr}`)
    this.place[Symbol.dispose]()
  }

  private mustMount(...args: string[]): void {
    if (!mount(...args)) throw new Error(`mount ${args.join(' ')} failed`)
  }
}
