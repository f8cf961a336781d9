import { settle } from '../../core/expire.ts'
import { displayName } from '../../core/pool.ts'
import { sightAll } from '../../process/identity.ts'
import { openStore } from '../../store/open.ts'
import { findOrigins } from '../command-line.ts'
import { globalOptions } from '../global-options.ts'
import { print } from '../output/print.ts'
import { resolveOptions, settingsFor } from '../settings.ts'
import { chosenStoreUrl } from '../store-url.ts'
import { type Candidate, complete } from './complete.ts'

/**
 * The hidden command that the completions of the shells call at each press of the key.
 *
 * It answers in lines: `words`, then a word on each, with what it is behind a space; or `files`; or `command N`: a command of
 * the user's own begins at the word N, counted from 0. Whatever goes wrong, it says nothing: a message would tear the line
 * that somebody is typing.
 */
export async function runCompleter(words: readonly string[]): Promise<number> {
  const completion = complete(words)
  switch (completion.kind) {
    case 'words':
      printWords(completion.words)
      break
    case 'gpus':
      printWords(await gpus(completion, words).catch(() => []))
      break
    case 'files':
      print('files')
      break
    case 'command':
      print(`command ${completion.from}`)
  }
  return 0
}

function printWords(words: readonly Candidate[]): void {
  print('words', ...words.map(({ word, about }) => (about ? `${word} ${about}` : word)))
}

/** The GPUs that may be added to a list. The hardware is not asked: that could take seconds. */
async function gpus({ before, begun }: { before: string; begun: string }, words: readonly string[]) {
  const store = await openStore(storeUrl(words), 'read')
  const stored = await store.read()
  if (!stored) return []
  const { pool } = settle(stored, sightAll(stored), Date.now())
  const listed = before.slice(before.indexOf('=') + 1).split(',')
  return pool.gpus
    .filter(({ index }) => String(index).startsWith(begun) && !listed.includes(String(index)))
    .map(({ index, drain }) => {
      const holder = pool.reservations.find(reservation => reservation.gpus.includes(index))
      const about = holder ? `Reserved by ${displayName(holder)}` : drain ? 'Drained' : 'Not reserved'
      return { word: `${before}${index}`, about }
    })
}

/** The store that the line so far speaks of. */
function storeUrl(words: readonly string[]): string {
  const given = new Map<string, string>()
  for (const [at, word] of words.entries()) {
    const [, name, attached] = /^--(store|store-file|host|config)(?:=(.*))?$/s.exec(word) ?? []
    const value = attached ?? words[at + 1]
    if (name !== undefined && value) given.set(name === 'store-file' ? 'storeFile' : name, value)
  }
  const { layers } = findOrigins(given, process.env)
  const options = resolveOptions(globalOptions, given, settingsFor(globalOptions, null, layers))
  return chosenStoreUrl(options, false)
}
