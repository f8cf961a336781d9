import { afterAll, expect, test } from 'bun:test'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { commandNames } from '../../src/cli/commands.ts'
import { consoleBlocks, documentText } from '../helpers/documents.ts'
import { Host } from '../helpers/host.ts'
import { until } from '../helpers/until.ts'

const PAGES = ['README.md', ...commandNames.map(name => `docs/commands/${name}.md`)]

/** Somebody uses GPU 3 of every page without a reservation. */
const intruder = Bun.spawn(['sleep', '600'])
afterAll(() => intruder.kill())

test.each(PAGES)('the examples of %s print what it says', async page => {
  using host = documentedHost()
  if (!page.endsWith('admin.md')) await host.canhazgpu('admin', '--gpus', '4')
  const examples = consoleBlocks(documentText(page)).flat()
  expect(examples).not.toBeEmpty()
  for (const { command, output } of examples) {
    const own = command.replaceAll('/tmp/elsewhere', `${host.directory.path}/elsewhere`)
    const script = `{ ${own.replaceAll('canhazgpu', '"$C"')}\n} 2>&1`
    const { stdout } = await host.shell(script, { cwd: host.directory.path })
    expect([command, ...stdout.trimEnd().split('\n').map(general)]).toEqual([command, ...output.map(general)])
    // A reader takes longer to type the next line than a keeper takes to release.
    await until(async () => !(await host.status()).join().includes('(run,'))
  }
})

/** The host that the pages speak of: four GPUs, bob on the last one, and a python that trains. */
function documentedHost(): Host {
  const host = new Host([{}, {}, {}, { memoryUsed: 1024, apps: [{ pid: intruder.pid }] }])
  const python = join(host.nvidiaSmi.directory, 'python')
  writeFileSync(python, '#!/bin/sh\necho "epoch 1: loss 0.42"\n')
  chmodSync(python, 0o755)
  return host
}

/** A line without what differs from run to run: dates, times, users, pids. */
function general(line: string): string {
  return (
    line
      .replace(/\d+h \d+m \d+s/g, 'DURATION')
      .replace(/(\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d/g, 'TIME')
      .replace(/^Since \d{4}-\d\d-\d\d$/, 'Since DATE')
      .replace(/(by user|by) (?!PID)[\w-]+/g, '$1 USER')
      .replace(/PID \d+/g, 'PID N')
      .replace(/sqlite:\S+\/pool\.db/g, 'sqlite:POOL')
      .replace(/\S+\/pool\.db(.*nobody but ).*( to delete)/, 'POOL$1OWNER$2')
      // The lines of `log`.
      .replace(/^(TIME \w+ +)[\w-]+/, '$1USER')
  )
}
