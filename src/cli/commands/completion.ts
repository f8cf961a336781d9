import { defineCommand } from '../command.ts'
import { choice } from '../options.ts'

const shell = choice({
  placeholder: 'SHELL',
  choices: ['bash', 'zsh', 'fish'],
  help: 'The shell: bash, zsh or fish; --shell may be left out',
  example: '--shell bash',
  operand: true,
})

export default defineCommand({
  name: 'completion',
  summary: 'Print the completion for a shell: bash, zsh or fish',
  examples: ['canhazgpu completion bash', 'canhazgpu completion zsh', 'canhazgpu completion fish'],
  options: { shell },
  async run({ shell }, context) {
    const { completionScripts } = await import('../completion/scripts.ts')
    context.print(...completionScripts[shell].trimEnd().split('\n'))
    return 0
  },
})
