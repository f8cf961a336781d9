import { flag, type Option } from './options.ts'

/** What every command takes that can show all hosts of a fleet. */
export function allHosts(
  help: string,
  excludes: readonly string[] = [],
  excludesBecause?: string,
): Option<boolean> {
  return flag({
    short: 'a',
    help,
    example: '--all',
    excludes,
    ...(excludesBecause === undefined ? {} : { excludesBecause }),
  })
}
