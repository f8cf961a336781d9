import { defineCommand } from '../command.ts'
import { checkClock } from '../doctor/clock.ts'
import { checkDriver } from '../doctor/driver.ts'
import { gatherFacts, type HostFacts } from '../doctor/facts.ts'
import { type Finding, findingLine } from '../doctor/finding.ts'
import { checkGpus } from '../doctor/gpus.ts'
import { checkProc } from '../doctor/proc.ts'
import { checkReservations } from '../doctor/reservations.ts'
import { checkIndexOrder, checkMig, checkPersistenceMode } from '../doctor/set-up.ts'
import { checkSchema, checkStore } from '../doctor/store.ts'
import { checkUnreservedUse } from '../doctor/unreserved-use.ts'

/** In the order in which one thing depends on the other. */
const CHECKS: readonly ((facts: HostFacts) => Finding)[] = [
  checkDriver,
  checkGpus,
  checkPersistenceMode,
  checkMig,
  checkIndexOrder,
  checkProc,
  checkStore,
  checkSchema,
  checkClock,
  checkUnreservedUse,
  checkReservations,
]

export default defineCommand({
  name: 'doctor',
  summary: 'Check driver, GPUs, pool and reservations, and say what to do',
  examples: ['canhazgpu doctor'],
  options: {},
  async run(_options, context) {
    const facts = await gatherFacts(context)
    const findings = CHECKS.map(check => check(facts))
    context.print(...findings.map(findingLine))
    return findings.some(({ level }) => level === 'problem') ? 1 : 0
  },
})
