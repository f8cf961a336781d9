import { HOUR_MS } from '../core/duration.ts'
import { DEFAULT_MEMORY_THRESHOLD_MIB } from '../core/usage.ts'
import { DEFAULT_PROBE_TIMEOUT_MS } from '../probe/probe.ts'
import { DEFAULT_STORE_URL, storeUrlIn } from '../store/open.ts'
import { duration, hostName, optionalText, text, wholeNumber } from './options.ts'

/** More memory than any GPU has: 100 TB. */
const MOST_MIB = 100_000_000

/** What every command takes, before or behind its name. */
export const globalOptions = {
  store: text({
    placeholder: 'URL',
    help: 'Where the pool lives',
    example: '--store sqlite:/srv/gpu/pool.db',
    inFileOf: storeUrlIn,
    fallback: DEFAULT_STORE_URL,
  }),
  storeFile: optionalText({
    placeholder: 'FILE',
    completes: 'files',
    insteadOf: 'store',
    help: 'A file that holds the URL of the store, with its password; only you or your group may be able to read it',
    example: '--store-file /etc/canhazgpu/store',
  }),
  host: hostName({
    help: 'Whose pool, in a store that several hosts share; by default the name of this machine',
    example: '--host gpu1',
  }),
  memoryThreshold: wholeNumber({
    placeholder: 'MB',
    help: 'A GPU with more memory used than this is in use',
    example: '--memory-threshold 500',
    least: 0,
    most: MOST_MIB,
    fallback: DEFAULT_MEMORY_THRESHOLD_MIB,
  }),
  probeTimeout: duration({
    help: 'How long nvidia-smi may take to answer',
    example: '--probe-timeout 60s',
    fallback: DEFAULT_PROBE_TIMEOUT_MS,
    shownDefault: '30s',
    leastMs: 100,
    mostMs: HOUR_MS,
    bounds: 'from 0.1s to 1h',
  }),
  config: optionalText({
    placeholder: 'FILE',
    completes: 'files',
    help: 'A configuration file (.toml or .json) that holds over those of the host and of the user',
    example: '--config lab.toml',
  }),
}
