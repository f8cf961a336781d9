/**
 * All checks of the project, in the order in which they fail fastest: format and lint, types, build, tests.
 * The last line is `N passed, N failed` (and how many were skipped): each check counts as one, each test as one.
 */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A test may start many processes on a busy machine; one that takes this long hangs. */
const TEST_TIMEOUT_MS = 120_000

const totals = { passed: 0, failed: 0, skipped: 0 }

const checks: [name: string, command: string[]][] = [
  ['format and lint', ['biome', 'check', '--error-on-warnings', '.']],
  ['types', ['tsc', '--project', '.']],
  ['build', ['bun', 'scripts/build.ts']],
]
for (const [name, command] of checks) {
  const passed = run(command)
  console.log(`${passed ? 'ok' : 'FAILED'}: ${name}`)
  totals[passed ? 'passed' : 'failed']++
}
runTests()

const skipped = totals.skipped > 0 ? `, ${totals.skipped} skipped` : ''
console.log(`${totals.passed} passed, ${totals.failed} failed${skipped}`)
process.exit(totals.failed === 0 ? 0 : 1)

function run(command: string[]): boolean {
  return Bun.spawnSync(command, { stdio: ['ignore', 'inherit', 'inherit'] }).exitCode === 0
}

/** Runs the tests that the arguments name, or all, and takes the totals from their report. */
function runTests(): void {
  const directory = mkdtempSync(join(tmpdir(), 'canhazgpu-report-'))
  const report = join(directory, 'report.xml')
  const files = process.argv.slice(2)
  const options = [`--timeout=${TEST_TIMEOUT_MS}`, '--reporter=junit', `--reporter-outfile=${report}`]
  const passed = run(['bun', 'test', ...options, ...(files.length > 0 ? files : ['tests'])])
  const counts = countsIn(report)
  rmSync(directory, { recursive: true })
  totals.passed += counts.tests - counts.failures - counts.skipped
  totals.skipped += counts.skipped
  // A run that breaks down outside of a test fails, too.
  totals.failed += passed ? counts.failures : Math.max(1, counts.failures)
}

function countsIn(report: string): { tests: number; failures: number; skipped: number } {
  const head = /<testsuites [^>]*>/.exec(readFileSync(report, 'utf8'))?.[0] ?? ''
  const count = (name: string) => Number(new RegExp(` ${name}="(\\d+)"`).exec(head)?.[1] ?? 0)
  return { tests: count('tests'), failures: count('failures'), skipped: count('skipped') }
}
