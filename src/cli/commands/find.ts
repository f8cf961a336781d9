import { defineCommand } from '../command.ts'
import { jsonOption } from '../json-option.ts'
import { requestOptions } from '../request-options.ts'

export default defineCommand({
  name: 'find',
  summary: 'Find hosts that could give GPUs now',
  examples: ['canhazgpu find', 'canhazgpu find --gpus 4'],
  options: {
    gpus: { ...requestOptions.gpus, help: 'Number of GPUs that are needed on one host' },
    json: jsonOption,
  },
  async run({ gpus, json }, context) {
    const { showOffers } = await import('../fleet/show-offers.ts')
    await showOffers(context, { count: gpus, json })
    return 0
  },
})
