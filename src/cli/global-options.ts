import { DEFAULT_MEMORY_THRESHOLD_MIB } from '../core/usage.ts'
import { DEFAULT_PROBE_TIMEOUT_MS } from '../probe/probe.ts'
import { DEFAULT_STORE_URL } from '../store/open.ts'
import { duration, hostName, optionalText, positiveInteger, text } from './options.ts'

/** What every command takes, before or behind its name. */
export const globalOptions = {
  store: text({
    placeholder: 'URL',
    help: 'Where the pool lives',
    example: '--store sqlite:/srv/gpu/pool.db',
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
  memoryThreshold: positiveInteger({
    placeholder: 'MB',
    help: 'A GPU with more memory used than this is in use',
    example: '--memory-threshold 500',
    least: 0,
    fallback: DEFAULT_MEMORY_THRESHOLD_MIB,
  }),
  probeTimeout: duration({
    help: 'How long nvidia-smi may take to answer',
    example: '--probe-timeout 60s',
    fallback: DEFAULT_PROBE_TIMEOUT_MS,
    shownDefault: '30s',
    leastMs: 100,
    mostMs: 3_600_000,
    bounds: 'from 0.1s to 1h',
  }),
  config: optionalText({
    placeholder: 'FILE',
    completes: 'files',
    help: 'A configuration file (.toml or .json) that holds over those of the host and of the user',
    example: '--config lab.toml',
  }),
}
