/** `npm run bench`: asks every question in one run and writes the answers to bench/README.md. */

import { writeFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { crowd } from './crowd.ts'
import { fleet } from './fleet.ts'
import { keeper } from './keeper.ts'
import type { Figure } from './measure.ts'
import { reclaim } from './reclaim.ts'
import { report } from './report.ts'
import { Stage } from './stage.ts'
import { startUp } from './start-up.ts'
import { stores } from './stores.ts'
import { waiting } from './waiting.ts'

using stage = new Stage()
const figures: Figure[] = []
for (const question of [startUp, crowd, reclaim, waiting, report, keeper, stores, fleet]) {
  console.log(`${question.name} …`)
  figures.push(...(await question(stage)))
}

const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
const table = [
  row(['What', 'Median', 'In proportion', 'Aim', 'Reached']),
  row(['---', '---', '---', '---', '---']),
  ...figures.map(({ question, answer, ratio, aim, reached }) =>
    row([question, answer, ratio, aim, reached === null ? '' : reached ? 'yes' : 'no']),
  ),
]

writeFileSync(
  join(import.meta.dir, 'README.md'),
  `# Measurements

Written by \`npm run bench\`; do not edit. Whole-process wall times, taken in turn with what they are compared with; medians.
Machine: ${cpus().length} cores (${cpus()[0]?.model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}, Bun ${Bun.version}. nvidia-smi is a shell script that answers
after the time that the row says.

${table.join('\n')}

For comparison, measured on such a machine for the two other implementations (both on a local Redis server):

| What | Go | Python |
| --- | --- | --- |
| \`status\`, nvidia-smi in 0 / 100 ms | 6 / 208 ms | 97 / 326 ms |
| \`run -- true\`, nvidia-smi in 0 / 100 ms | 58 / 260 ms | 102 / 518 ms |
| 200 \`reserve\` at once | 5 s | |
| a killed holder's GPU is free again after | 300 s | |
| 50 queued \`run -- true\` on 8 GPUs | 22 to 26 s | |
`,
)
console.log(table.join('\n'))
