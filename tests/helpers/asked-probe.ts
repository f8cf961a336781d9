import { afterEach, beforeEach } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { delimiter } from 'node:path'
import type { GpuUsage } from '../../src/core/usage.ts'
import { stateOf } from './child-process.ts'
import { FakeNvidiaSmi } from './fake-nvidia-smi.ts'
import { answerOf } from './programs.ts'
import { temporaryDirectory } from './temporary.ts'

/** Long enough for a tool that answers, on any machine. */
const PATIENT_MS = 60_000

/** What was seen, or counted, or went wrong. */
export interface Answer {
  readonly tool: string
  readonly gpus?: Readonly<Record<number, GpuUsage>>
  readonly gpuCount?: number
  readonly problem?: string
}

/** What the probe answers, in a process that has the tool on its PATH from the start. */
export async function ask(
  question: 'usage' | 'detailedUsage' | 'gpuCount',
  timeoutMs = PATIENT_MS,
): Promise<Answer> {
  return JSON.parse(await answerOf('probe', [question, String(timeoutMs)])) as Answer
}

/** A tool of our own in front of PATH, and a directory beside it, anew for every test of a file. */
export function fakeTool(): { readonly tool: FakeNvidiaSmi; readonly directory: string } {
  let directory: ReturnType<typeof temporaryDirectory>
  let tool: FakeNvidiaSmi
  const pathBefore = process.env.PATH
  beforeEach(() => {
    directory = temporaryDirectory()
    tool = new FakeNvidiaSmi(directory.path)
    process.env.PATH = [tool.directory, pathBefore].join(delimiter)
  })
  afterEach(() => {
    process.env.PATH = pathBefore
    directory[Symbol.dispose]()
  })
  return {
    get tool() {
      return tool
    },
    get directory() {
      return directory.path
    },
  }
}

/** The pids that a tool has written down. */
export function pidsIn(file: string): number[] {
  return readFileSync(file, 'utf8').trim().split('\n').map(Number)
}

/** Gone, or a zombie that its new parent has not come to. */
export function hasEnded(pid: number): boolean {
  return ['', 'Z'].includes(stateOf(pid))
}

/** Ends the processes that a tool has left, if there are any. */
export function endAll(file: string): void {
  for (const pid of existsSync(file) ? pidsIn(file) : []) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch (error) {
      if ((error as { code?: string }).code !== 'ESRCH') throw error
    }
  }
}
