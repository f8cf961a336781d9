import { UserError } from './user-error.ts'

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
    super(`No host could give ${requested} GPU(s) now: ${whyNone(requested, best, largest)}`)
    // As for a pool that is too small: waiting does not help.
    this.exitStatus = requested > largest ? 1 : 75
  }
}

function whyNone(requested: number, best: NoHostHasGpusError['best'], largest: number): string {
  if (largest === 0) return "none has a pool yet - run 'canhazgpu admin --gpus <count>' on each"
  if (requested > largest) return `the largest host has ${largest} GPUs - ask for at most ${largest}`
  const most = best ? `${best.host} could give ${best.available}` : 'none is known to be free'
  return `${most} - run 'canhazgpu status --all --summary' for details`
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
