/** The completion of each shell: it asks the program itself, so that it knows what this version knows. */

import bash from './canhazgpu.bash' with { type: 'text' }
import fish from './canhazgpu.fish' with { type: 'text' }
import zsh from './canhazgpu.zsh' with { type: 'text' }

export const completionScripts = { bash, zsh, fish }
