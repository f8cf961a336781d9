import { machineName } from '../../system/machine-name.ts'
import type { Context } from '../command.ts'
import { globalOptions } from '../global-options.ts'
import { resolveOptions, settingsFor } from '../settings.ts'

/** The host on which this runs, also where the command line names another one to look at. */
export function ownHost({ origins: { layers } }: Context): string {
  const { host } = resolveOptions(globalOptions, new Map(), settingsFor(globalOptions, null, layers))
  return host ?? machineName()
}
