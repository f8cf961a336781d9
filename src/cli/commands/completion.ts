import { UsageError } from '../../core/errors.ts'
import { defineCommand } from '../command.ts'
import { nearest } from '../nearest.ts'

const SHELLS = ['bash', 'zsh', 'fish'] as const

export default defineCommand({
  name: 'completion',
  summary: 'Print the completion for a shell: bash, zsh or fish',
  examples: SHELLS.map(shell => `canhazgpu completion ${shell}`),
  options: {},
  operand: 'SHELL',
  operandChoices: SHELLS,
  async run(_options, context) {
    const word = context.operands?.[0]
    const shell = SHELLS.find(known => known === word)
    if (!shell) throw noSuchShell(word)
    const { completionScripts } = await import('../completion/scripts.ts')
    context.print(...completionScripts[shell].trimEnd().split('\n'))
    return 0
  },
})

function noSuchShell(word: string | undefined): UsageError {
  if (word === undefined)
    return new UsageError('Missing SHELL. Use bash, zsh or fish: canhazgpu completion bash')
  const meant = nearest(word, SHELLS)
  const question = meant === null ? '' : `Did you mean ${meant}? `
  return new UsageError(
    `No completion for "${word}". ${question}Use bash, zsh or fish: canhazgpu completion bash`,
  )
}
