import type { Command } from '../command.ts'
import { commandNames, findCommand } from '../commands.ts'
import { globalOptions } from '../global-options.ts'
import { type Option, type Options, optionName } from '../options.ts'

/** What may stand at the cursor. */
export type Completion =
  | { readonly kind: 'words'; readonly words: readonly Candidate[] }
  /** A GPU, or a list of them that begins like this: `1,3,`. */
  | { readonly kind: 'gpus'; readonly before: string; readonly begun: string }
  | { readonly kind: 'files' }
  /** A command of the user's own, whose first word is the one at this place. */
  | { readonly kind: 'command'; readonly from: number }

export interface Candidate {
  readonly word: string
  /** What it is, for shells that show it; empty for nothing. */
  readonly about: string
}

const NOTHING: Completion = { kind: 'words', words: [] }

/** What stands before the cursor. */
interface Before {
  command: Command | null
  options: Options
  /** The option whose value is at the cursor. */
  open: Option<unknown> | null
  /** Whether that value may be left out. */
  maybe: boolean
}

/**
 * What may stand at the cursor of a command line.
 *
 * @param words those behind the program's name; the last one is being typed, and may be empty
 */
export function complete(words: readonly string[]): Completion {
  const typed = words.at(-1) ?? ''
  const before: Before = { command: null, options: globalOptions, open: null, maybe: false }
  for (const [at, word] of words.slice(0, -1).entries()) {
    if (word === '--' && !isValue(before, word)) {
      return before.command?.takesCommand ? { kind: 'command', from: at + 1 } : NOTHING
    }
    if (!step(before, word)) return NOTHING
  }
  if (before.open && !(before.maybe && typed.startsWith('-'))) {
    const values = valuesOf(before.open, '', typed)
    return before.maybe && typed === '' ? both(values, beginning(freeWords(before), typed)) : values
  }
  const [, prefix = '', value = ''] = /^(--[^=]*=)(.*)$/s.exec(typed) ?? []
  if (prefix !== '') {
    const option = find(before.options, prefix.slice(0, -1))
    return option ? valuesOf(option, prefix, value) : NOTHING
  }
  if (typed.startsWith('-')) return beginning(optionNames(before.options), typed)
  return beginning(freeWords(before), typed)
}

/** Reads one word. @returns whether anything can be said of what follows */
function step(before: Before, word: string): boolean {
  if (isValue(before, word)) {
    before.open = null
    return true
  }
  before.open = null
  if (word.startsWith('-') && word !== '-') {
    const option = find(before.options, word)
    before.open = option && option.placeholder !== null ? option : null
    before.maybe = option?.bare !== undefined
    return true
  }
  if (before.command) return !before.command.takesCommand
  before.command = findCommand(word) ?? null
  before.options = { ...before.command?.options, ...globalOptions }
  return before.command !== null
}

/** Whether a word is the value of the option before it. */
function isValue({ open, maybe }: Before, word: string): boolean {
  return open !== null && (!maybe || open.parse(word) !== undefined)
}

/** The option that a word names, without a value attached to it. */
function find(options: Options, word: string): Option<unknown> | undefined {
  return Object.entries(options).find(
    ([key, { short }]) => word === optionName(key) || word === `-${short}`,
  )?.[1]
}

function valuesOf(option: Option<unknown>, prefix: string, typed: string): Completion {
  if (option.completes === 'files') return { kind: 'files' }
  if (option.completes === 'gpus') {
    const last = typed.lastIndexOf(',') + 1
    return { kind: 'gpus', before: prefix + typed.slice(0, last), begun: typed.slice(last) }
  }
  const values = (option.choices ?? []).map(choice => ({ word: prefix + choice, about: '' }))
  return beginning(values, prefix + typed)
}

/** What may stand where no option has begun. */
function freeWords({ command, options }: Before): Candidate[] {
  if (!command) return commandNames.map(name => ({ word: name, about: findCommand(name)?.summary ?? '' }))
  if (command.takesCommand)
    return [{ word: '--', about: 'The command to run follows' }, ...optionNames(options)]
  const choices = command.operandChoices?.map(word => ({ word, about: '' })) ?? []
  return choices.length > 0 ? choices : optionNames(options)
}

function optionNames(options: Options): Candidate[] {
  const names = Object.entries(options).flatMap(([key, { help, bare, placeholder }]) => {
    const name = optionName(key)
    const negation = { word: `--no-${name.slice(2)}`, about: `Undo ${name}` }
    return [{ word: name, about: help }, ...(bare !== undefined && placeholder !== null ? [negation] : [])]
  })
  return [...names, { word: '--help', about: 'Show help' }]
}

function beginning(words: readonly Candidate[], typed: string): Completion {
  return { kind: 'words', words: words.filter(({ word }) => word.startsWith(typed)) }
}

function both(values: Completion, others: Completion): Completion {
  if (values.kind !== 'words' || others.kind !== 'words') return values
  return { kind: 'words', words: [...values.words, ...others.words] }
}
