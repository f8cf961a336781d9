import { allHosts } from '../all-option.ts'
import { defineCommand } from '../command.ts'
import { flag, wholeNumber } from '../options.ts'

/** More than a pool remembers. */
const MOST_LINES = 1_000_000_000

export default defineCommand({
  name: 'log',
  summary: 'Show what has happened, newest last',
  examples: ['canhazgpu log', 'canhazgpu log --lines 100', 'canhazgpu log --follow'],
  options: {
    all: allHosts(
      'Show what has happened on every host that shares the store',
      ['follow'],
      'the log that goes on is that of one host',
    ),
    follow: flag({
      short: 'f',
      help: 'Go on: show what happens from now on, until Ctrl-C',
      example: '--follow',
    }),
    lines: wholeNumber({
      placeholder: 'N',
      short: 'n',
      help: 'How many lines to show of what has happened before',
      example: '--lines 100',
      least: 0,
      most: MOST_LINES,
      fallback: 20,
    }),
    json: flag({
      help: 'Print a line of JSON for each event; docs/schema/v1.json describes it',
      example: '--json',
    }),
  },
  async run({ all, follow, lines, json }, context) {
    if (all) {
      const { showLogs } = await import('../fleet/show-logs.ts')
      await showLogs(context, { lines, json })
      return 0
    }
    const { showLog } = await import('../show-log.ts')
    await showLog(context, { follow, lines, json })
    return 0
  },
})
