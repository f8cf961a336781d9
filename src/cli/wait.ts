import { ProbeFailedError, WaitTimeoutError } from '../core/errors.ts'
import { HEARTBEAT_INTERVAL_MS } from '../core/expire.ts'
import { isObservationDue } from '../core/observe.ts'
import { hopefulUsage } from '../core/outdated.ts'
import { knownEnd, type Pool, type ProcessIdentity, type Reservation } from '../core/pool.ts'
import { canUse, leaveQueue, stayInQueue, type Waiting } from '../core/queue.ts'
import type { Request } from '../core/reserve.ts'
import { idleUsage, type Usage } from '../core/usage.ts'
import { isRunning, pidsHere } from '../process/identity.ts'
import { sleep } from '../system/libc/waiting.ts'
import { type Acquisition, answerTo, hasAged, usageFor } from './acquire.ts'
import { initialized } from './context.ts'
import { observer } from './observe.ts'
import { Progress } from './output/progress.ts'
import { askedFor, shortWaitingLine, waitingLine } from './output/waiting-line.ts'
import { patient } from './patience.ts'

/** Nothing should be missed by listening; should it ever be, this often the pool is looked at all the same. */
const SAFETY_INTERVAL_MS = 10_000

/**
 * While others use GPUs without reservation, the tool is asked again when one of their processes has ended; and, since not
 * all of them can be seen, after this time, or 10 times as long as it took to answer.
 */
const LEAST_PROBE_INTERVAL_MS = 1000
const PROBE_TIME_FACTOR = 10

/**
 * Those further back in the line look later, so that each update does not wake a hundred at once who then take the
 * processor from the one whose turn it is. A round of jobs takes longer than this, so nobody misses their turn by it.
 */
const ROUND_MS = 50

/**
 * Waits in the line until the rules grant the request, asleep in the kernel until something has happened that matters: an
 * update of the pool, the end of a process that is in the way, a known end. The GPU tool is asked only when the pool itself
 * would let the request start.
 *
 * @throws {WaitTimeoutError} when it has waited long enough; it has left the line then
 */
export async function waitInLine(
  hasty: Acquisition,
  first: { waiting: Waiting; usage: Usage },
): Promise<Reservation> {
  const { context, request } = hasty
  const startedAt = context.now()
  const giveUpAt = startedAt + hasty.patienceMs
  const progress = new Progress(context)
  const tell = (why: string) => progress.show(`Waiting for ${askedFor(request.wanted)}: ${why}`)
  const store = patient(hasty.store, { giveUpAt, now: context.now, tell })
  const acquisition = { ...hasty, store }
  const listener = await store.listen()
  const prober = new Prober(acquisition, first.usage)
  let waiting = first.waiting
  let beatAt = startedAt
  const observe = observer(context)
  const show = () => {
    const now = context.now()
    progress.show(waitingLine(waiting, now), shortWaitingLine(waiting, now))
  }
  try {
    show()
    for (;;) {
      const now = context.now()
      if (now >= giveUpAt) {
        await store.update(stored => leaveQueue(initialized(stored), request.id, now))
        throw new WaitTimeoutError(now - startedAt, waiting)
      }
      if (now - beatAt >= HEARTBEAT_INTERVAL_MS) {
        beatAt = now
        await store.update(stored => stayInQueue(initialized(stored), request.id, now))
      }
      const whole = initialized(await store.read())
      const pool = upTo(request.id, whole)
      const answer = await attempt(acquisition, pool, prober)
      if (answer.kind === 'refused') throw answer.error
      if (answer.kind === 'granted') return answer.reservation
      waiting = answer.waiting
      show()
      // The first in line sees to it for all, so that a crowd does not do it at once.
      if (waiting.position === 1) observe(whole, now)
      const wakeUpAt = Math.min(
        giveUpAt,
        beatAt + HEARTBEAT_INTERVAL_MS,
        now + SAFETY_INTERVAL_MS,
        prober.nextAt ?? Infinity,
        ...pool.reservations.map(reservation => knownEnd(reservation) ?? Infinity).filter(end => end > now),
      )
      const pids = [...pidsHere(inTheWay(pool, request.id)), ...prober.blockingPids()]
      if (await listener.wait(pids, Math.max(0, wakeUpAt - context.now()))) {
        sleep(ROUND_MS * roundsBefore(pool, request))
      }
    }
  } finally {
    listener.close()
    progress.clear()
  }
}

/** The pool as it matters to a request that waits: without those who came after it. */
function upTo(ownId: string, pool: Pool): Pool {
  const place = pool.queue.findIndex(({ id }) => id === ownId)
  return place < 0 ? pool : { ...pool, queue: pool.queue.slice(0, place + 1) }
}

/** How many rounds of requests come first: each takes a GPU at least, so of those for the same GPUs no more start at once. */
function roundsBefore({ gpus, queue }: Pool, { id, wanted }: Request): number {
  const rivals = queue.filter(
    entry => entry.id !== id && gpus.some(gpu => canUse(wanted, gpu) && canUse(entry.wanted, gpu)),
  )
  return Math.floor(rivals.length / (wanted.gpuIds ?? gpus).length)
}

/** The processes whose end may let a request start: the holders, and those at the front of the line. */
function inTheWay({ reservations, queue, gpus }: Pool, ownId: string): ProcessIdentity[] {
  const held = reservations.flatMap(reservation => (reservation.type === 'run' ? reservation.processes : []))
  const front = queue.slice(0, 2 * gpus.length).filter(({ id }) => id !== ownId)
  return [...held, ...front.map(entry => entry.process)]
}

/** One look at the pool: asks the tool, and then for the GPUs, only where the pool lets the request start. */
async function attempt(acquisition: Acquisition, pool: Pool, prober: Prober) {
  const { store, request } = acquisition
  const bestCase = answerTo(acquisition, pool, idleUsage(pool)).result
  // Out of the line without having left it: `admin --force` has cleared it. It joins anew.
  const isQueued = pool.queue.some(({ id }) => id === request.id)
  if (bestCase.kind === 'waiting' && isQueued) {
    const told = answerTo(acquisition, pool, hopefulUsage(prober.latest, pool)).result
    // Where those before it choose by gaps (pack), it may start just because not all GPUs are idle.
    if (told.kind === 'waiting') {
      prober.forget()
      return told
    }
  }
  const usage = await prober.usage(pool)
  const answer = answerTo(acquisition, pool, usage).result
  const isNews = isObservationDue(pool, acquisition.context.now())
  if (answer.kind === 'waiting' && isQueued && !isNews) return answer
  // Decided again, on the pool as it is under the lock: another may have been quicker.
  return store.update(stored => answerTo(acquisition, initialized(stored), usage))
}

/** Asks the GPU tool no more often than it makes sense. */
class Prober {
  /** When the tool is to be asked again; null when the pool itself is in the way, and the tool's answer would change nothing. */
  nextAt: number | null = null
  private last: { usage: Usage; pids: number[] } | null = null

  /** @param latest the last answer of the tool, to tell people what is in their way */
  constructor(
    private readonly acquisition: Acquisition,
    public latest: Usage,
  ) {}

  /** What is on the GPUs; from a tool that failed, nothing. */
  async usage(pool: Pool): Promise<Usage> {
    const { context } = this.acquisition
    const askedAt = context.now()
    const hasEnded = this.last?.pids.some(pid => !isRunning(pid)) ?? true
    const isFresh = this.nextAt !== null && askedAt < this.nextAt && !hasEnded
    if (this.last && isFresh && !hasAged(this.last.usage, pool, context)) return this.last.usage
    const usage = await usageFor(pool, this.acquisition).catch((error: unknown): Usage => {
      if (error instanceof ProbeFailedError) return { tool: error.tool, gpus: new Map() }
      throw error
    })
    this.latest = usage
    const answeredAt = context.now()
    const pauseMs = Math.max(LEAST_PROBE_INTERVAL_MS, PROBE_TIME_FACTOR * (answeredAt - askedAt))
    this.nextAt = answeredAt + pauseMs
    const pids = [...usage.gpus.values()].flatMap(({ processes }) => processes.map(({ pid }) => pid))
    this.last = { usage, pids: [...new Set(pids)].filter(isRunning) }
    return usage
  }

  /** The processes whose end is a reason to ask again. */
  blockingPids(): number[] {
    return this.last?.pids ?? []
  }

  forget(): void {
    this.nextAt = null
    this.last = null
  }
}
