import { jsonDocument } from './document.ts'

/** What `release --json` prints: the GPUs that came free, none when there was nothing to release. */
export function releaseDocument(gpus: readonly number[]): string {
  return jsonDocument('release', { gpu_ids: gpus })
}
