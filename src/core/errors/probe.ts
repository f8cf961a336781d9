/** What tells about the GPUs, and why it does not. */

import { UserError } from './user-error.ts'

export class NoProviderError extends UserError {
  readonly code = 'no-provider'
  constructor() {
    super(
      'No GPU tool found: nvidia-smi is not on PATH. Install the NVIDIA driver, or simulate idle GPUs with --provider fake',
    )
  }
}

export class ProviderNotBuiltError extends UserError {
  readonly code = 'provider-not-built'
  constructor(readonly provider: string) {
    super(`Provider ${provider} is not built yet. Use --provider nvidia or --provider fake`)
  }
}

export class TooManyGpusError extends UserError {
  readonly code = 'too-many-gpus'
  constructor(
    readonly tool: string,
    readonly requested: number,
    readonly reported: number,
  ) {
    const next =
      reported > 0 ? `Use: canhazgpu admin --gpus ${reported}` : `Run '${tool}' to see what is wrong`
    super(`${requested} GPUs asked for, but ${tool} reports ${reported}. ${next}`)
  }
}

/** The GPU tool did not give an answer that can be trusted. */
export class ProbeFailedError extends UserError {
  readonly code = 'probe-failed'
  /**
   * @param problem what the tool did, with its own words
   * @param next what to do about it
   */
  constructor(
    readonly tool: string,
    readonly problem: string,
    readonly next = `Run '${tool}' to see what is wrong`,
  ) {
    super(`${tool} ${problem}. No GPU can be validated, so none is handed out. ${next}`)
  }
}
