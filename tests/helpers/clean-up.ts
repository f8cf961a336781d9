/** Loaded before all test files (bunfig.toml), since the test runner tells nobody else that the last one is done. */

import { afterAll } from 'bun:test'
import { removeSharedDirectories } from './temporary.ts'

afterAll(removeSharedDirectories)
