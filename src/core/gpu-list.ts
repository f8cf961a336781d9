/** GPUs as messages name them: `[0, 1]`. */
export function gpuList(gpus: readonly number[]): string {
  return `[${gpus.join(', ')}]`
}
