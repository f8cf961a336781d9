/** Makes dist/canhazgpu: one executable with the runtime, the program as bytecode, and no other file needed beside it. */

import { renameSync } from 'node:fs'

const { exitCode } = Bun.spawnSync(
  [
    process.execPath,
    'build',
    'src/main.ts',
    '--compile',
    '--minify-whitespace',
    '--minify-syntax',
    '--bytecode',
    // Each part that few need is a file of its own in there, which costs nothing where it is not loaded.
    '--format=esm',
    '--splitting',
    '--min-chunk-size=4000',
    // Nearly all that a command does it does once: machine code for it, made on other cores, is of no use to anybody.
    '--compile-jit-policy=100',
    // Without these two the executable would read .env and bunfig.toml from whatever directory its user stands in.
    '--no-compile-autoload-dotenv',
    '--no-compile-autoload-bunfig',
    '--outfile',
    'dist/canhazgpu-new',
  ],
  { stdio: ['ignore', 'ignore', 'inherit'] },
)
// In one step, so that a build never breaks a test run that is under way.
if (exitCode === 0) renameSync('dist/canhazgpu-new', 'dist/canhazgpu')
process.exit(exitCode)
