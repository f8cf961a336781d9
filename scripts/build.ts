/** Makes dist/canhazgpu: one executable with the runtime, the program as bytecode, and no other file needed beside it. */

import { chmodSync, mkdirSync } from 'node:fs'

mkdirSync('dist', { recursive: true })
const { exitCode } = Bun.spawnSync(
  [
    process.execPath,
    'build',
    'src/main.ts',
    '--compile',
    '--minify-whitespace',
    '--minify-syntax',
    '--bytecode',
    // Without these two the executable would read .env and bunfig.toml from whatever directory its user stands in.
    '--no-compile-autoload-dotenv',
    '--no-compile-autoload-bunfig',
    '--outfile',
    'dist/canhazgpu',
  ],
  { stdio: ['ignore', 'ignore', 'inherit'] },
)
if (exitCode === 0) chmodSync('dist/canhazgpu', 0o755)
process.exit(exitCode)
