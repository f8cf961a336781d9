import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * An nvidia-smi of our own, to be put on PATH: it answers the queries for the fields that they name, in their order, from
 * tables that a test can change at any time.
 */
const SCRIPT = `#!/bin/sh
here=\${0%/*}
[ -f "$here/before" ] && . "$here/before"
query() {
  awk -F '\\t' -v wanted="$2" '
    NR == 1 {
      for (i = 1; i <= NF; i++) column[$i] = i
      count = split(wanted, fields, ",")
      for (i = 1; i <= count; i++) if (!(fields[i] in column)) {
        printf "Field \\"%s\\" is not a valid field to query.\\n", fields[i]; exit 2
      }
      next
    }
    { for (i = 1; i <= count; i++) printf "%s%s", $column[fields[i]], i < count ? ", " : "\\n" }' "$here/$1"
}
case "$1" in
  --query-gpu=*) query gpus "\${1#*=}" ;;
  --query-compute-apps=*) query apps "\${1#*=}" ;;
  *) echo "unknown query: $1"; exit 2 ;;
esac
`

/** A GPU as the tool tells of it; texts stand where a number is expected when a test wants `[N/A]` there. */
export interface FakeGpu {
  readonly index?: number | string
  readonly uuid?: string
  readonly memoryUsed?: number | string
  readonly name?: string
  readonly memoryTotal?: number | string
  readonly utilization?: number | string
  readonly temperature?: number | string
  readonly driverVersion?: string
  readonly persistenceMode?: string
  readonly mig?: string
  readonly busId?: string
  readonly apps?: readonly {
    readonly pid: number | string
    readonly memory?: number | string
    readonly name?: string
  }[]
}

/** The fields of --query-gpu, and where their values stand. */
const GPU_COLUMNS = [
  ['index', 'index'],
  ['uuid', 'uuid'],
  ['memory.used', 'memoryUsed'],
  ['name', 'name'],
  ['memory.total', 'memoryTotal'],
  ['utilization.gpu', 'utilization'],
  ['temperature.gpu', 'temperature'],
  ['driver_version', 'driverVersion'],
  ['persistence_mode', 'persistenceMode'],
  ['mig.mode.current', 'mig'],
  ['pci.bus_id', 'busId'],
] as const

export class FakeNvidiaSmi {
  /** The directory to put in front of PATH. */
  readonly directory: string

  constructor(parent: string, gpus: readonly FakeGpu[] = []) {
    this.directory = join(parent, 'fake-nvidia-smi')
    mkdirSync(this.directory, { recursive: true })
    writeFileSync(join(this.directory, 'nvidia-smi'), SCRIPT)
    chmodSync(join(this.directory, 'nvidia-smi'), 0o755)
    this.show(gpus)
  }

  /** Shows these GPUs from now on; idle ones where nothing is said. */
  show(gpus: readonly FakeGpu[]): void {
    const full = gpus.map(({ apps = [], ...gpu }, place) => ({
      index: place,
      uuid: `GPU-${place}${place}${place}${place}-fake`,
      memoryUsed: 0,
      name: 'NVIDIA H100 80GB HBM3',
      memoryTotal: 81559,
      utilization: 0,
      temperature: 30,
      driverVersion: '550.54.15',
      persistenceMode: 'Enabled',
      mig: '[N/A]',
      busId: `00000000:${(0x3b + place).toString(16).toUpperCase()}:00.0`,
      ...gpu,
      apps,
    }))
    this.write('gpus', [
      GPU_COLUMNS.map(([field]) => field),
      ...full.map(gpu => GPU_COLUMNS.map(([, key]) => gpu[key])),
    ])
    this.write('apps', [
      ['gpu_uuid', 'pid', 'used_memory', 'process_name'],
      ...full.flatMap(({ uuid, apps }) =>
        apps.map(({ pid, memory = 512, name = '/usr/bin/python3' }) => [uuid, pid, memory, name]),
      ),
    ])
  }

  idle(count: number): void {
    this.show(Array.from({ length: count }, () => ({})))
  }

  /** Shell lines to run before every answer: `sleep 0.1`, `exit 9`, `echo oops`, `exec sleep 1000`; none to be well again. */
  before(lines: string | null): void {
    const file = join(this.directory, 'before')
    if (lines === null) rmSync(file, { force: true })
    else writeFileSync(file, `${lines}\n`)
  }

  private write(table: string, rows: readonly (readonly (string | number)[])[]): void {
    writeFileSync(join(this.directory, table), rows.map(row => `${row.join('\t')}\n`).join(''))
  }
}
