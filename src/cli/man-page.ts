import { version } from '../../package.json'
import type { Command } from './command.ts'
import { allCommands } from './commands.ts'
import { standingSettings } from './config/standing-settings.ts'
import { fileKey } from './config/written-value.ts'
import { globalOptions } from './global-options.ts'
import { INFORMATION, shownVariable, synopsis, usage } from './help.ts'
import type { Option, Options } from './options.ts'

/** The manual page in roff, for man(1): made from the same table of commands and options as the help screens. */
export function manPage(): string[] {
  return [
    // Neither the names of variables broken at the end of a line, nor gaps between words.
    '.nr HY 0',
    `.TH CANHAZGPU 1 "" "canhazgpu ${version}" "User Commands"`,
    '.ad l',
    '.SH NAME',
    text('canhazgpu - share the GPUs of one host between its users'),
    '.SH SYNOPSIS',
    '.B canhazgpu',
    '.RI [ OPTIONS ] " COMMAND " [ OPTIONS ]',
    '.RB [ \\-\\-',
    '.IR COMMAND " [" ARGS ]...]',
    '.SH DESCRIPTION',
    text(
      'Reserves GPUs for a command or for a time, and shows who has which. Nobody gets a GPU that somebody',
    ),
    text(
      'else has reserved or that is in use. Where the short name chg is installed, it is the same program.',
    ),
    '.SH COMMANDS',
    ...allCommands().flatMap(commandSection),
    '.SH OPTIONS OF EVERY COMMAND',
    ...optionList(globalOptions, null),
    ...INFORMATION.flatMap(([option, help]) => described(option, `${help}.`)),
    '.SH CONFIGURATION',
    text(
      'Every option can be set in a configuration file, under its name without the dashes, and in the variable',
    ),
    text('that is named beside it. The later of these holds: /etc/canhazgpu/config.toml,'),
    text(
      '$XDG_CONFIG_HOME/canhazgpu/config.toml (by default below ~/.config), the file of --config, variables, the',
    ),
    text('command line. These settings have no option:'),
    ...Object.entries(standingSettings).flatMap(([key, option]) => item(fileKey(key), key, option, null)),
    '.SH FILES',
    ...described('/etc/canhazgpu/config.toml, /etc/canhazgpu/config.json', 'The configuration of the host.'),
    ...described(
      '~/.config/canhazgpu/config.toml, ~/.config/canhazgpu/config.json',
      'The configuration of a user.',
    ),
    ...described('/var/lib/canhazgpu/pool.db', 'The pool that all users of the host share.'),
    '.SH ENVIRONMENT',
    text('For the command that it runs, canhazgpu run sets:'),
    ...described('CUDA_VISIBLE_DEVICES', 'The GPUs, ascending.'),
    ...described('CUDA_DEVICE_ORDER', 'PCI_BUS_ID, so that CUDA counts as nvidia-smi does.'),
    ...described('CANHAZGPU_RESERVATION', 'The id of the reservation.'),
    '.SH EXIT STATUS',
    ...described('0', 'Done.'),
    ...described('1', 'Failed: the line on standard error says what happened and what to do.'),
    ...described('2', 'Wrong usage: of the command line, of a variable, or of a configuration file.'),
    ...described('75', 'Not enough GPUs now; trying again later can help.'),
    ...described('124', 'run: the time given by --timeout was over.'),
    ...described('126, 127', 'run: the command cannot be executed, or cannot be found.'),
    ...described('other', "run: the command's own."),
    '.SH SEE ALSO',
    '.BR nvidia-smi (1)',
  ]
}

function commandSection(command: Command): string[] {
  const { name, summary, examples, options } = command
  return [
    `.SS ${text(`canhazgpu ${usage(command)}`)}`,
    text(`${summary}.`),
    ...optionList(options, name),
    '.PP',
    'Examples:',
    '.PP',
    '.EX',
    ...examples.map(example => text(`  ${example}`)),
    '.EE',
  ]
}

function optionList(options: Options, command: string | null): string[] {
  return Object.entries(options).flatMap(([key, option]) => item(synopsis(key, option), key, option, command))
}

function item(title: string, key: string, option: Option<unknown>, command: string | null): string[] {
  const shown = option.shownDefault ? ` Default: ${option.shownDefault}.` : ''
  return described(title, `${option.help}.${shown} Variable: ${shownVariable(key, option, command)}.`)
}

function described(title: string, about: string): string[] {
  return ['.TP', `.B ${text(title)}`, text(about)]
}

/** Text as roff prints it: a backslash, a hyphen that is a minus, and a line that must not look like a request. */
function text(line: string): string {
  const escaped = line.replaceAll('\\', '\\e').replaceAll('-', '\\-').replaceAll('~', '\\(ti')
  return /^[.']/.test(escaped) ? `\\&${escaped}` : escaped
}
