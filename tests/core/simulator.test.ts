import { expect, test } from 'bun:test'
import { MINUTE } from '../helpers/pools.ts'
import { playSchedule } from '../helpers/simulator.ts'
import { breachOf, firstSeeds } from '../helpers/simulator-breach.ts'

/** `CANHAZGPU_SCHEDULES=100000` plays more of them, `CANHAZGPU_SEED=7` this one alone. */
const { CANHAZGPU_SCHEDULES, CANHAZGPU_SEED } = process.env

const seeds = CANHAZGPU_SEED ? [Number(CANHAZGPU_SEED)] : firstSeeds(Number(CANHAZGPU_SCHEDULES || 5000))

test(
  `keeps every promise in ${seeds.length} schedules`,
  () => {
    for (const seed of seeds) playSchedule(seed)
    expect(seeds).not.toBeEmpty()
  },
  20 * MINUTE,
)

test(
  'plays schedules that come to everything there is',
  () => {
    const times = new Map<string, number>()
    const happened = (what: string) => times.set(what, (times.get(what) ?? 0) + 1)
    for (const seed of firstSeeds(1200)) playSchedule(seed, { happened })
    const often = [...times].flatMap(([what, count]) => (count >= 5 ? [what] : []))
    expect(often.sort()).toEqual([
      'a clock set back',
      'a clock set forward',
      'a dead one that leaves the line',
      'a drain',
      'a drain of what is held',
      'a grant',
      'a grant by lru',
      'a grant by mru-user',
      'a grant by pack',
      'a grant of exact GPUs',
      'a grant past one that is stopped',
      'a grant past others by a known end',
      'a grant past others on other GPUs',
      'a grant that reclaims',
      'a grant to one that waited',
      'a keeper that comes too late',
      'a kill in the line',
      'a kill in the line with a probe in hand',
      'a line that drains out',
      'a pool that grows',
      'a pool that may not shrink',
      'a pool that shrinks',
      'a probe that failed',
      'a queue that shows several',
      'a reboot',
      'a refusal of a GPU that is not there',
      'a refusal of exact GPUs',
      'a refusal of one that waited',
      'a refusal of what would be over',
      'a refusal with available',
      'a refusal with drained',
      'a refusal with inUseWithoutReservation',
      'a refusal with notValidated',
      'a refusal with poolSize',
      'a refusal with requested',
      'a refusal with reserved',
      'a refusal with waitingBefore',
      'a release',
      'a release by a keeper',
      'a release by root',
      'a request that joins',
      'a request with a known end that joins',
      'a silent one that leaves the line',
      'a status',
      'a status when the probe failed',
      'a time limit that ends a run',
      'an admin who clears reservations',
      'an admin who clears the line',
      'an admin who is refused',
      'an adoption',
      'an adoption of several',
      'an adoption that is refused',
      'an adoption while others wait',
      'an end that a keeper sees',
      'an end that no keeper sees',
      'an extension',
      'an extension that would delay others',
      'an extension while others wait',
      'an idle release',
      'an idle warning',
      'one that gives up',
      'one that gives up after it was cleared',
      'one that goes on in its place',
      'one that goes on out of the line',
      'one that is stopped',
      'the end of a drain',
    ])
  },
  MINUTE,
)

test('plays the same schedule again for the same seed', () => {
  const play = (seed: number) => {
    const story: string[] = []
    playSchedule(seed, { happened: what => story.push(what) })
    return story
  }
  expect(play(7)).toEqual(play(7))
  expect(play(7)).not.toEqual(play(8))
})

test('tells the seed of a schedule in which a promise was broken', () => {
  const broken = { releaseKept: () => ({ changes: [], result: undefined }) }
  const told = /^ledger: .*\n\(step \d+, after .*keeperReleases\)\n/
  const message = breachOf(told, { broken })
  const seed = Number(/CANHAZGPU_SEED=(\d+)$/.exec(message)?.[1])
  expect(() => playSchedule(seed)).not.toThrow()
  expect(() => playSchedule(seed, { broken })).toThrow(message)
})
