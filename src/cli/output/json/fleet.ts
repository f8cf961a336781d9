import type { HostView, Offer } from '../../../core/host-view.ts'
import { type JsonObject, jsonDocument, seconds, time } from './document.ts'
import { statusJson, summaryJson } from './status.ts'

type OwnersOn = (view: HostView) => (pid: number) => string | null

/** What `status --all --json` prints. @param now by the clock of the host on which this runs */
export function fleetDocument(views: readonly HostView[], ownersOn: OwnersOn, now: number): string {
  return jsonDocument('fleet', {
    at: time(now),
    hosts: views.map(view => hostJson(view, ownersOn(view))),
  })
}

/** What `status --host NAME --json` prints of another host. */
export function hostDocument(view: HostView, ownerOf: (pid: number) => string | null): string {
  return jsonDocument('status', hostJson(view, ownerOf))
}

function hostJson(view: HostView, ownerOf: (pid: number) => string | null): JsonObject {
  return statusJson(view.pool, view.facts, ownerOf, view)
}

/** What `find --json` prints. @param commandOn what gets so many GPUs there, but for the user's command */
export function findDocument(
  offers: readonly Offer[],
  { count, commandOn, now }: { count: number; commandOn: (host: string) => string[]; now: number },
): string {
  return jsonDocument('find', {
    at: time(now),
    gpus: count,
    hosts: offers.map(({ view, available, isSure }) => ({
      host: view.host,
      available,
      is_validated: isSure,
      last_sign_seconds_ago: seconds(view.lastSignAgoMs),
      validated_seconds_ago: view.probedAgoMs === null ? null : seconds(view.probedAgoMs),
      summary: summaryJson(view.summary),
      command: commandOn(view.host),
    })),
  })
}
