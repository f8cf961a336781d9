import { findHosts } from '../../core/host-view.ts'
import { become } from '../../process/become.ts'
import { type Caller, variable } from '../../process/caller.ts'
import { findExecutable } from '../../process/executable.ts'
import { isTerminal } from '../../system/libc/terminal-modes.ts'
import type { Context } from '../command.ts'
import type { Options, OptionValues } from '../options.ts'
import { shellLine } from '../output/shell-bytes.ts'
import { type requestOptions, wantedGpus } from '../request-options.ts'
import { noHost } from './no-host.ts'
import { viewFleet } from './open-fleet.ts'
import { ownHost } from './own-host.ts'
import { handedOn, knownHost, sshName } from './remote-run.ts'

const [STDIN, STDOUT] = [0, 1]

/** Where a `run` is to be: on a host by name, or on any that can. */
type Where = { readonly on: string | null } & OptionValues<typeof requestOptions>

/**
 * Becomes ssh, which runs the same on another host; so terminal and exit status are those that ssh gives.
 *
 * It returns where this host is meant, and then the command is to run here.
 *
 * @param options of the command
 */
export async function goToHost(
  context: Context,
  { on, ...request }: Where,
  options: Options,
  { args, env, descriptors }: Caller & { readonly descriptors: readonly number[] },
): Promise<void> {
  const own = ownHost(context)
  if (on === own) return
  const views = await viewFleet(context)
  const hosts = views.map(({ host }) => host)
  let host: string
  if (on !== null) host = knownHost(on, hosts)
  else {
    const { count } = wantedGpus(request)
    const best = findHosts(views, count, own)[0]
    if (!best) throw noHost(views, count)
    if (best.view.host === own) return
    host = sshName(best.view.host)
  }
  const operands = args.slice(args.length - (context.operands?.length ?? 0))
  // What is set for a user there must not send it on once more.
  const words = ['canhazgpu', 'run', '--no-on', '--no-anywhere', ...handedOn(context, 'run', options), '--']
  const line = shellLine([...words.map(word => Buffer.from(word)), ...operands])
  const ssh = Buffer.from('ssh')
  context.notice(`Running on ${host}`)
  // With a terminal at one end only, the other would get line ends and keys that it did not ask for.
  const terminal = isTerminal(STDIN) && isTerminal(STDOUT) ? [Buffer.from('-t')] : []
  become({
    file: findExecutable(ssh, variable(env, 'PATH')),
    argv: [ssh, ...terminal, Buffer.from(host), line],
    env,
    descriptors,
  })
}
