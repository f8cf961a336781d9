import type { Availability, GpuAvailability } from './allocate.ts'
import { formatDuration } from './duration.ts'
import { displayName, type Gpu, type Holder, type Move, type Reservation } from './pool.ts'
import type { Waiting } from './queue.ts'

/**
 * What a user can act on: one line that says what happened, with its numbers, and what to do next.
 *
 * Every subclass has a stable `code`, carries its facts as fields, and composes its text here and nowhere else;
 * docs/errors.md lists them. Anything thrown that is not a UserError is a bug.
 */
export abstract class UserError extends Error {
  abstract readonly code: string
  /** 1 failed, 2 wrong usage, 75 no GPU now: try again (EX_TEMPFAIL of sysexits.h). */
  readonly exitStatus: number = 1
}

/** Wrong words on the command line or in a variable. */
export class UsageError extends UserError {
  readonly code = 'usage'
  override readonly exitStatus = 2
}

/** A configuration file that cannot be read. */
export class ConfigUnreadableError extends UserError {
  readonly code = 'config-unreadable'
  override readonly exitStatus = 2
  constructor(
    readonly path: string,
    readonly reason: string,
    readonly next: string,
  ) {
    super(`Cannot read the configuration ${path}: ${reason}. ${next}`)
  }
}

/** A configuration file that is not TOML or JSON. */
export class ConfigBrokenError extends UserError {
  readonly code = 'config-broken'
  override readonly exitStatus = 2
  constructor(
    readonly path: string,
    readonly line: number,
    readonly problem: string,
  ) {
    super(`Cannot understand the configuration ${path}, line ${line}: ${problem}. Correct it there`)
  }
}

/** A key in a configuration file that nothing reads. */
export class ConfigKeyError extends UserError {
  readonly code = 'config-key'
  override readonly exitStatus = 2
  constructor(
    readonly path: string,
    /** `memory-treshold`, `run.tiemout`, `[rnu]`. */
    readonly key: string,
    readonly next: string,
  ) {
    super(`Unknown key in ${path}: ${key}. ${next}`)
  }
}

export class PoolNotInitializedError extends UserError {
  readonly code = 'pool-not-initialized'
  /** @param gpuCount how many GPUs the host has, null when that is not known; a pool of none cannot be made */
  constructor(readonly gpuCount: number | null) {
    super(
      `GPU pool is not initialized. Ask an administrator to run: canhazgpu admin --gpus ${gpuCount || '<count>'}`,
    )
  }
}

/** A pool that is on its way to another store, or has arrived there. */
export class PoolMovedError extends UserError {
  readonly code = 'pool-moved'
  override readonly exitStatus: number
  constructor(readonly move: Move) {
    super(whereItIs(move))
    // While it moves, it is a matter of seconds.
    this.exitStatus = move.state === 'left' ? 1 : 75
  }
}

function whereItIs({ state, other }: Move): string {
  const again = `Try again in a moment; if 'canhazgpu migrate' was interrupted, run it again`
  switch (state) {
    case 'left':
      return `The pool has moved to ${other}. Use --store ${other}, or set it in /etc/canhazgpu/config.toml`
    case 'leaving':
      return `The pool is moving to ${other}, and nothing is handed out until it is there. ${again}`
    case 'arriving':
      return `The pool is still arriving here from ${other}, and nothing is handed out before. ${again}`
  }
}

/** What keeps a pool from moving to another store. */
export type MoveObstacle =
  | { readonly kind: 'same-place' }
  /** There is a pool already, or another is moving there. */
  | { readonly kind: 'in-the-way'; readonly place: string }
  | { readonly kind: 'line'; readonly waiting: number }
  | { readonly kind: 'unseen-run' | 'others-run'; readonly run: Reservation }
  | { readonly kind: 'at-work' }
  /** It is too late to give up. */
  | { readonly kind: 'arrived'; readonly place: string }
  /** Somebody else has gone on with the move, or ended it. */
  | { readonly kind: 'changed' }

export class CannotMoveError extends UserError {
  readonly code = 'cannot-move'
  override readonly exitStatus: number
  constructor(readonly obstacle: MoveObstacle) {
    super(`Cannot move the pool: ${whyNotMoved(obstacle)}`)
    this.exitStatus = ['line', 'unseen-run', 'at-work', 'changed'].includes(obstacle.kind) ? 75 : 1
  }
}

function whyNotMoved(obstacle: MoveObstacle): string {
  switch (obstacle.kind) {
    case 'same-place':
      return 'it is there already. Name another store, for example --to sqlite:/var/lib/canhazgpu/pool.db'
    case 'in-the-way':
      return `there is a pool at ${obstacle.place}, which would be lost. Choose another place, or remove that pool`
    case 'line':
      return `${obstacle.waiting === 1 ? '1 request is' : `${obstacle.waiting} requests are`} waiting in line and would lose their place. Try again when nobody waits - run 'canhazgpu queue' for details`
    case 'unseen-run':
      return `${heldBy(obstacle.run)} by a command in a container, which cannot be told of the new place. Try again when it has ended`
    case 'others-run':
      return `${heldBy(obstacle.run)} by a running command that only root may keep at the new place. Use sudo`
    case 'at-work':
      return 'somebody else is moving it right now. Try again in a moment'
    case 'arrived':
      return `it is at ${obstacle.place} already. Move it from there back to here`
    case 'changed':
      return "somebody else has gone on with the move meanwhile. Run 'canhazgpu migrate' again to see how it stands"
  }
}

function heldBy(run: Reservation): string {
  return `GPU(s) [${run.gpus.join(', ')}] are held for ${displayName(run)}`
}

/** Somebody asks for other hosts where there is only this one. */
export class OneHostError extends UserError {
  readonly code = 'one-host'
  constructor(readonly place: string) {
    super(
      `The pool ${place} is that of one host alone, so there are no others to see. ` +
        'Hosts share a server by --store redis://HOST:6379/0; docs/fleet.md says how',
    )
  }
}

/** How many hosts are named before the rest is only counted. */
const SHOWN_HOSTS = 10

export class NoSuchHostError extends UserError {
  readonly code = 'no-such-host'
  constructor(
    readonly host: string,
    readonly hosts: readonly string[],
  ) {
    const rest = hosts.length - SHOWN_HOSTS
    const names = `${hosts.slice(0, SHOWN_HOSTS).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`
    super(`No host ${host} has a pool here. ${hosts.length > 0 ? `Use one of ${names}` : 'None has'}`)
  }
}

/** No host of the fleet could give so many GPUs. */
export class NoHostHasGpusError extends UserError {
  readonly code = 'no-host-has-gpus'
  override readonly exitStatus: number
  /** @param best the host that could give the most, null when none could give any */
  constructor(
    readonly requested: number,
    readonly best: { readonly host: string; readonly available: number } | null,
    readonly largest: number,
  ) {
    const most = best ? `${best.host} could give ${best.available}` : 'all are taken'
    const next =
      requested > largest
        ? `the largest host has ${largest} GPUs - ask for at most ${largest}`
        : `${most} - run 'canhazgpu status --all --summary' for details`
    super(`No host could give ${requested} GPU(s) now: ${next}`)
    // As for a pool that is too small: waiting does not help.
    this.exitStatus = requested > largest ? 1 : 75
  }
}

export class PoolAlreadyInitializedError extends UserError {
  readonly code = 'pool-already-initialized'
  constructor(
    readonly gpuCount: number,
    readonly reservationCount: number,
  ) {
    super(
      `GPU pool is already initialized with ${gpuCount} GPUs. Use --force to reinitialize it, ` +
        `which clears all reservations (now ${reservationCount})`,
    )
  }
}

/** What only the owner of a pool and root may do to it. */
export type OwnersAct = 'reinitialize' | 'resize' | 'drain GPUs of' | 'undrain GPUs of' | 'move'

export class NotPoolOwnerError extends UserError {
  readonly code = 'not-pool-owner'
  constructor(
    readonly path: string,
    readonly ownerName: string,
    readonly act: OwnersAct,
  ) {
    super(`Only ${nameOrRoot(ownerName)} may ${act} the pool ${path}. Use sudo, or ask them`)
  }
}

function nameOrRoot(name: string): string {
  return name === 'root' ? 'root' : `${name} or root`
}

/** A pool cannot lose GPUs that somebody holds. */
export class GpusHeldError extends UserError {
  readonly code = 'gpus-held'
  /** @param held the reservations of GPUs that would go away */
  constructor(
    readonly gpuCount: number,
    readonly held: readonly Reservation[],
  ) {
    const gpus = held
      .flatMap(reservation => reservation.gpus.map(index => ({ index, reservation })))
      .filter(({ index }) => index >= gpuCount)
      .sort((a, b) => a.index - b.index)
    const holders = gpus.map(
      ({ index, reservation }) => `GPU ${index} is reserved by ${displayName(reservation)}`,
    )
    super(
      `Cannot shrink the pool to ${gpuCount} GPUs: ${holders.join(', ')}. Keep what goes away from being handed out again ` +
        `with 'canhazgpu admin --drain ${gpus.map(({ index }) => index).join(',')}', and shrink when it is free`,
    )
  }
}

/** Somebody wants to end what is another's. */
export class NotHolderError extends UserError {
  readonly code = 'not-holder'
  constructor(
    readonly index: number,
    readonly holder: Holder,
    readonly shownName: string,
  ) {
    super(
      `GPU ${index} is reserved by ${shownName}. Only ${nameOrRoot(holder.userName)} may release it; nothing was released`,
    )
  }
}

/** A command whose GPUs were to be released goes on. */
export class CommandStillRunsError extends UserError {
  readonly code = 'command-still-runs'
  constructor(
    readonly pid: number,
    readonly gpus: readonly number[],
    readonly reason: 'denied' | 'survived',
  ) {
    const [what, next] =
      reason === 'denied'
        ? ['is not yours to end', 'Use sudo, or ask whoever started it']
        : ['does not end, not even by SIGKILL', "A driver may hang: run 'canhazgpu doctor'"]
    super(`PID ${pid} ${what}, so GPU(s) [${gpus.join(', ')}] stay reserved. ${next}`)
  }
}

export class TooManyGpusError extends UserError {
  readonly code = 'too-many-gpus'
  constructor(
    readonly tool: string,
    readonly requested: number,
    readonly reported: number,
  ) {
    const next =
      reported > 0 ? `Use: canhazgpu admin --gpus ${reported}` : `Run '${tool}' to see what is wrong`
    super(`${requested} GPUs asked for, but ${tool} reports ${reported}. ${next}`)
  }
}

export class NoProviderError extends UserError {
  readonly code = 'no-provider'
  constructor() {
    super(
      'No GPU tool found: nvidia-smi is not on PATH. Install the NVIDIA driver, or simulate idle GPUs with --provider fake',
    )
  }
}

export class ProviderNotBuiltError extends UserError {
  readonly code = 'provider-not-built'
  constructor(readonly provider: string) {
    super(`Provider ${provider} is not built yet. Use --provider nvidia or --provider fake`)
  }
}

/** Why GPUs of the pool could not be handed out, as counts; a GPU is counted once. */
export interface Shortage {
  readonly requested: number
  /** Neither reserved, nor in use, nor unknown. */
  readonly available: number
  readonly poolSize: number
  readonly reserved: number
  readonly inUseWithoutReservation: number
  /** What the probe could not confirm to be free. */
  readonly notValidated: number
  /** What an administrator keeps from being handed out. */
  readonly drained: number
  /** How many requests came before this one; GPUs that they need are not available. */
  readonly waitingBefore: number
}

export class NotEnoughGpusError extends UserError {
  readonly code = 'not-enough-gpus'
  override readonly exitStatus: number
  constructor(readonly shortage: Shortage) {
    const { requested, available, poolSize, reserved, drained, inUseWithoutReservation, notValidated } =
      shortage
    const moreThanPool = requested > poolSize
    const reasons = [
      moreThanPool ? `the pool has ${poolSize} GPUs` : '',
      reserved > 0 ? `${reserved} GPUs reserved` : '',
      drained > 0 ? `${drained} GPUs drained` : '',
      notValidated > 0 ? `${notValidated} GPUs not validated` : '',
      inUseWithoutReservation > 0 ? `${inUseWithoutReservation} GPUs in use without reservation` : '',
      waitingReason(shortage.waitingBefore),
    ].filter(reason => reason !== '')
    const next = moreThanPool ? `ask for at most ${poolSize}` : detailsIn(shortage.waitingBefore)
    super(
      `Not enough GPUs available. Requested: ${requested}, Available: ${available} (${reasons.join(', ')} - ${next})`,
    )
    // Waiting does not help when the pool is too small, so scripts must not try again.
    this.exitStatus = moreThanPool ? 1 : 75
  }
}

function waitingReason(count: number): string {
  if (count === 0) return ''
  return count === 1 ? '1 request is waiting before you' : `${count} requests are waiting before you`
}

/** Where a refusal is explained: the queue, when somebody is in it. */
function detailsIn(waitingBefore: number): string {
  return `run 'canhazgpu ${waitingBefore > 0 ? 'queue' : 'status'}' for details`
}

/** The time that a request was ready to wait is over. */
export class WaitTimeoutError extends UserError {
  readonly code = 'wait-timeout'
  override readonly exitStatus = 75
  constructor(
    readonly waitedMs: number,
    readonly waiting: Waiting,
  ) {
    const { missing, position, wanted } = waiting
    super(
      `Gave up after waiting ${formatDuration(waitedMs)}: ${missing} of ${wanted.count} GPUs were missing, position ${position} in the line - run 'canhazgpu queue' for details`,
    )
  }
}

/** An extension that a request in the line would have to pay for. */
export class ExtensionDelaysError extends UserError {
  readonly code = 'extension-delays'
  override readonly exitStatus = 75
  /** @param waiting how many requests could start later */
  constructor(readonly waiting: number) {
    const who = waiting === 1 ? '1 request that waits' : `${waiting} requests that wait`
    super(
      `Cannot extend: ${who} for these GPUs could start later. The end stays as it is - run 'canhazgpu queue' for details`,
    )
  }
}

export class NoManualReservationError extends UserError {
  readonly code = 'no-manual-reservation'
  constructor() {
    super(
      "No manually reserved GPUs found for current user, so there is nothing to extend. Use 'canhazgpu reserve'",
    )
  }
}

export class NotYourGpusError extends UserError {
  readonly code = 'not-your-gpus'
  constructor(readonly gpus: readonly number[]) {
    super(
      `GPU(s) [${gpus.join(', ')}] are in no manual reservation of yours. Run 'canhazgpu status' to see whose they are`,
    )
  }
}

/** What keeps processes from being adopted. */
export type AdoptionObstacle =
  | { readonly kind: 'nothing-to-adopt' }
  | { readonly kind: 'not-running'; readonly pid: number }
  | { readonly kind: 'not-yours'; readonly pid: number; readonly userName: string }
  | { readonly kind: 'no-gpu'; readonly pid: number }
  | { readonly kind: 'several-users'; readonly userNames: readonly string[] }
  | { readonly kind: 'reserved'; readonly gpu: number; readonly by: string }
  | { readonly kind: 'reserved-already'; readonly gpus: readonly number[] }
  | { readonly kind: 'drained'; readonly gpu: number }
  | { readonly kind: 'shared'; readonly gpu: number; readonly pid: number; readonly userName: string }

export class CannotAdoptError extends UserError {
  readonly code = 'cannot-adopt'
  constructor(readonly obstacles: readonly AdoptionObstacle[]) {
    super(`Cannot adopt: ${obstacles.map(whyNotAdopted).join(', ')} - run 'canhazgpu status' for details`)
  }
}

function whyNotAdopted(obstacle: AdoptionObstacle): string {
  switch (obstacle.kind) {
    case 'nothing-to-adopt':
      return 'no process of yours uses a GPU without reservation'
    case 'not-running':
      return `PID ${obstacle.pid} is not running`
    case 'not-yours':
      return `PID ${obstacle.pid} belongs to ${obstacle.userName}`
    case 'no-gpu':
      return `PID ${obstacle.pid} uses no GPU of the pool`
    case 'several-users':
      return `the processes belong to ${obstacle.userNames.join(' and ')}, and a reservation has one holder`
    case 'reserved':
      return `GPU ${obstacle.gpu} is reserved by ${obstacle.by}`
    case 'reserved-already':
      return `GPU(s) [${obstacle.gpus.join(', ')}] are reserved for the same user already`
    case 'drained':
      return `GPU ${obstacle.gpu} is drained`
    case 'shared':
      return `GPU ${obstacle.gpu} is used by PID ${obstacle.pid} of ${obstacle.userName}, too`
  }
}

/** Some of the very GPUs that were asked for cannot be had now. */
export class GpusNotAvailableError extends UserError {
  readonly code = 'gpus-not-available'
  override readonly exitStatus = 75
  constructor(
    readonly taken: readonly GpuAvailability[],
    readonly waitingBefore: number,
  ) {
    const reasons = [
      ...taken.map(({ gpu, availability }) => `GPU ${gpu.index} ${whyTaken(gpu, availability)}`),
      waitingReason(waitingBefore),
    ].filter(reason => reason !== '')
    super(`GPUs not available: ${reasons.join(', ')} - ${detailsIn(waitingBefore)}`)
  }
}

function whyTaken({ drain }: Gpu, availability: Availability): string {
  switch (availability.state) {
    case 'reserved':
      return `is reserved by ${displayName(availability.reservation)}`
    case 'drained':
      return `is drained${drain?.note ? ` (${drain.note})` : ''}`
    case 'in-use':
      return 'is in use without reservation'
    case 'unknown':
      return 'is not validated'
    case 'available':
      return 'is available'
  }
}

export class NoSuchGpuError extends UserError {
  readonly code = 'no-such-gpu'
  constructor(
    readonly index: number,
    readonly poolSize: number,
  ) {
    super(`GPU ${index} is not in the pool. Use IDs 0 to ${poolSize - 1}`)
  }
}

/** The GPU tool did not give an answer that can be trusted. */
export class ProbeFailedError extends UserError {
  readonly code = 'probe-failed'
  /** @param problem what the tool did, with its own words */
  constructor(
    readonly tool: string,
    readonly problem: string,
  ) {
    super(
      `${tool} ${problem}. No GPU can be validated, so none is handed out. Run '${tool}' to see what is wrong`,
    )
  }
}

export class CommandNotFoundError extends UserError {
  readonly code = 'command-not-found'
  override readonly exitStatus = 127
  constructor(readonly command: string) {
    super(`Command not found: ${command}. Nothing was reserved; check the spelling and PATH`)
  }
}

export class CommandNotExecutableError extends UserError {
  readonly code = 'command-not-executable'
  override readonly exitStatus = 126
  constructor(
    readonly command: string,
    readonly reason: string,
  ) {
    super(
      `Cannot execute ${command}: ${reason}. Nothing stays reserved; is it a program, and is 'chmod +x' missing?`,
    )
  }
}

export class StoreAccessError extends UserError {
  readonly code = 'store-access'
  constructor(
    readonly path: string,
    readonly reason: string,
  ) {
    super(
      `Cannot create the pool ${path}: ${reason}. Use sudo, or choose a place of your own with --store sqlite:PATH`,
    )
  }
}

/** A process that holds the store's lock. */
export interface LockHolder {
  readonly pid: number
  readonly userName: string
  readonly command: string
}

export class StoreBusyError extends UserError {
  readonly code = 'store-busy'
  constructor(
    readonly path: string,
    readonly waitedMs: number,
    readonly lockHolder: LockHolder | null,
  ) {
    const by = lockHolder
      ? `PID ${lockHolder.pid} (${lockHolder.command}) of user ${lockHolder.userName}`
      : 'another process'
    super(`The pool ${path} has been locked for ${waitedMs / 1000}s by ${by}. Try again, or end that process`)
  }
}

export class StoreDamagedError extends UserError {
  readonly code = 'store-damaged'
  constructor(
    readonly path: string,
    readonly reason: string,
  ) {
    super(
      `The pool ${path} is damaged (${reason}). Nothing was changed; move the file away and run 'canhazgpu admin' again`,
    )
  }
}

export class StoreTooNewError extends UserError {
  readonly code = 'store-too-new'
  constructor(
    readonly path: string,
    readonly version: number,
    readonly knownVersion: number,
  ) {
    super(
      `The pool ${path} was made by a newer canhazgpu (schema ${version}, this one knows up to ${knownVersion}). Install the newer version`,
    )
  }
}

export class StoreFailedError extends UserError {
  readonly code = 'store-failed'
  constructor(
    readonly path: string,
    readonly action: 'read' | 'write',
    readonly reason: string,
    readonly next: string,
  ) {
    super(`Cannot ${action} the pool ${path}: ${reason}. Nothing was changed; ${next}`)
  }
}

/** A server that cannot be reached, or does not answer. */
export class StoreUnreachableError extends UserError {
  readonly code = 'store-unreachable'
  constructor(
    readonly url: string,
    readonly reason: string,
    /** Whether the server may have done what it was asked before it fell silent. */
    readonly mayBeDone: boolean,
  ) {
    const consequence = mayBeDone
      ? "Whether it was done is not known: see 'canhazgpu status' when it answers again"
      : 'Nothing was changed; check that the server runs, and its address'
    super(`Cannot reach the store ${url}: ${reason}. ${consequence}`)
  }
}

/** A server that does not do what it is asked. */
export class StoreRefusesError extends UserError {
  readonly code = 'store-refuses'
  constructor(
    readonly url: string,
    readonly reason: string,
    readonly next: string,
  ) {
    super(`The store ${url} cannot be used: ${reason}. Nothing was changed; ${next}`)
  }
}

/** What is under a key of ours is not what we keep there. */
export class StoreGarbledError extends UserError {
  readonly code = 'store-garbled'
  constructor(
    readonly url: string,
    readonly key: string,
    readonly reason: string,
  ) {
    super(
      `Cannot understand ${key} in the store ${url}: ${reason}. Nothing was changed; look at it with redis-cli, delete it, and run 'canhazgpu admin' again`,
    )
  }
}

/** A host's GPUs are handed out on that host only. */
export class OtherMachineError extends UserError {
  readonly code = 'other-machine'
  constructor(readonly host: string) {
    super(
      `The pool of host ${host} belongs to another machine, and only there its GPUs are handed out. Leave out --host and CANHAZGPU_HOST here; ` +
        `or, if this machine takes its place, run 'canhazgpu admin --gpus <count> --force', which clears all reservations`,
    )
  }
}

export class OutputError extends UserError {
  readonly code = 'output'
  constructor(readonly reason: string) {
    super(`Cannot write to standard output: ${reason}`)
  }
}
