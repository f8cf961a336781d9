import { flag } from './options.ts'

/** What every command takes whose result a program may want to read. */
export const jsonOption = flag({
  help: 'Print one line of JSON for programs; docs/json.md describes it',
  example: '--json',
})
