import fc from 'fast-check'

/** The same cases in every run: a test that passes here passes everywhere. A failure prints how to replay it. */
fc.configureGlobal({ seed: 20_260_115 })

export default fc
