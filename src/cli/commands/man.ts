import { defineCommand } from '../command.ts'

export default defineCommand({
  name: 'man',
  summary: 'Print the manual page, for man(1)',
  examples: ['canhazgpu man'],
  options: {},
  async run(_options, context) {
    const { manPage } = await import('../man-page.ts')
    context.print(...manPage())
    return 0
  },
})
