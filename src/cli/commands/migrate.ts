import { defineCommand } from '../command.ts'
import { flag, optionalText } from '../options.ts'

export default defineCommand({
  name: 'migrate',
  summary: 'Move the pool to another store',
  examples: [
    'canhazgpu migrate --to redis://gpu-store.lab:6379/0',
    'canhazgpu migrate --to sqlite:/var/lib/canhazgpu/pool.db',
  ],
  options: {
    to: optionalText({
      placeholder: 'URL',
      help: 'The store to move it to, as --store takes it',
      example: '--to redis://gpu-store.lab:6379/0',
    }),
    toFile: optionalText({
      placeholder: 'FILE',
      completes: 'files',
      insteadOf: 'to',
      help: 'A file that holds the URL of that store, as --store-file takes it',
      example: '--to-file /etc/canhazgpu/store',
    }),
    undo: flag({
      help: 'Give up a move that was interrupted: the pool stays where it was',
      example: '--to redis://gpu-store.lab:6379/0 --undo',
    }),
  },
  async run({ to, toFile, undo }, context) {
    const { migrate } = await import('../migrate/migrate.ts')
    await migrate(context, { to, toFile, undo })
    return 0
  },
})
