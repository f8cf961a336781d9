import { basename, join } from 'node:path'
import { executable } from './executable.ts'
import { sharedDirectory } from './temporary.ts'

/** How to start a program of tests/helpers/programs as a process of its own. */
export interface Program {
  readonly command: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

let bundles: string | null = null

/**
 * A program of tests/helpers/programs, as one file at a place that every user can reach. Its interpreter is the built
 * executable, which is the runtime, too, and which every user can reach as well: a clone may lie in a private home.
 */
export async function program(name: string): Promise<Program> {
  bundles ??= sharedDirectory()
  const bundle = join(bundles, `${name}.js`)
  if (!(await Bun.file(bundle).exists())) {
    await Bun.build({
      entrypoints: [join(import.meta.dir, 'programs', `${name}.ts`)],
      target: 'bun',
      outdir: bundles,
      naming: basename(bundle),
    })
  }
  return { command: [executable(), bundle], env: { BUN_BE_BUN: '1', PATH: process.env.PATH ?? '' } }
}

/** Runs a program to its end. @returns what it printed, without the last line's end @throws when it failed */
export async function answerOf(
  name: string,
  args: readonly string[],
  { uid, wrapper = [] }: { uid?: number; wrapper?: readonly string[] } = {},
): Promise<string> {
  const { command, env } = await program(name)
  const child = Bun.spawn([...wrapper, ...command, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: '/',
    env,
    ...(uid === undefined ? {} : { uid, gid: uid }),
  })
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()])
  if ((await child.exited) !== 0) {
    throw new Error(`${name} ${args.join(' ')}: status ${child.exitCode}, ${child.signalCode}\n${stderr}`)
  }
  return stdout.trimEnd()
}
