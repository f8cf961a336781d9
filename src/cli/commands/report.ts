import { allHosts } from '../all-option.ts'
import { defineCommand } from '../command.ts'
import { jsonOption } from '../json-option.ts'
import { choice, flag, wholeNumber } from '../options.ts'

/** Ten years: a slip of the finger must not make a calendar of a million days. */
const MOST_DAYS = 3660

export default defineCommand({
  name: 'report',
  summary: 'Show who has used how many GPU hours',
  examples: ['canhazgpu report', 'canhazgpu report --days 7 --by day', 'canhazgpu report --by gpu --csv'],
  options: {
    all: allHosts('Show the use of every host that shares the store'),
    days: wholeNumber({
      placeholder: 'N',
      help: 'How many days to look back: today and the days before it',
      example: '--days 7',
      most: MOST_DAYS,
      fallback: 30,
    }),
    by: choice({
      placeholder: 'WHAT',
      choices: ['user', 'gpu', 'day'],
      help: 'What each line is about: user, gpu or day',
      example: '--by day',
      fallback: 'user',
    }),
    json: { ...jsonOption, excludes: ['csv'], excludesBecause: 'both say what is printed' },
    csv: flag({ help: 'Print comma-separated values, for spreadsheets', example: '--csv' }),
  },
  async run({ all, days, by, json, csv }, context) {
    const asked = { dayCount: days, by, form: json ? 'json' : csv ? 'csv' : 'table' } as const
    if (all) {
      const { showFleetReport } = await import('../fleet/show-report.ts')
      await showFleetReport(context, asked)
      return 0
    }
    const { showReport } = await import('../show-report.ts')
    await showReport(context, asked)
    return 0
  },
})
