import { gpuList } from '../../core/gpu-list.ts'

/** What a check has found. A `problem` keeps people from their GPUs or the pool from being safe; a `warning` may. */
export interface Finding {
  readonly level: 'ok' | 'warning' | 'problem'
  /** What was checked: `persistence mode`. */
  readonly check: string
  /** What was found; and where that is not well, what to do. */
  readonly text: string
}

/** `warning  persistence mode: off on GPU(s) [1] - …` */
export function findingLine({ level, check, text }: Finding): string {
  return `${level.padEnd('problem'.length)}  ${check}: ${text}`
}

/** Puts what was found and what to do about it together. */
export function withAdvice(found: string, advice: string): string {
  return `${found} - ${advice}`
}

/** `[1, 3]` */
export function listed(gpus: readonly { readonly index: number }[]): string {
  return `GPU(s) ${gpuList(gpus.map(({ index }) => index))}`
}
