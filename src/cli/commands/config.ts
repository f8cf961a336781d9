import { defineCommand } from '../command.ts'
import { jsonOption } from '../json-option.ts'
import { flag } from '../options.ts'

export default defineCommand({
  name: 'config',
  summary: 'Show what is configured, and where each value comes from',
  examples: ['canhazgpu config', 'canhazgpu config --all'],
  options: {
    all: flag({
      help: 'Show every option of every command, not only those that are set',
      example: '--all',
    }),
    json: jsonOption,
  },
  async run({ all, json }, context) {
    const { showConfiguration } = await import('../config/show.ts')
    showConfiguration(context, { all, json })
    return 0
  },
})
