import { isRedis, storeUrlOfHost } from '../../store/open.ts'
import { machineName } from '../../store/redis/machine.ts'
import { hostIn } from '../../store/redis/url.ts'
import type { Context } from '../command.ts'
import { globalOptions } from '../global-options.ts'
import { resolveOptions, settingsFor } from '../settings.ts'
import { chosenStoreUrl } from '../store-url.ts'

/** The host on which this runs, also where the command line names another one to look at. */
export function ownHost({ origins: { given, layers } }: Context): string {
  const others = new Map([...given].filter(([key]) => key !== 'host'))
  const options = resolveOptions(globalOptions, others, settingsFor(globalOptions, null, layers))
  const url = chosenStoreUrl(options, given.has('store'))
  const named = isRedis(url) ? hostIn(storeUrlOfHost(url, options.host)) : options.host
  return named ?? machineName()
}
