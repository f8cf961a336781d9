/** The words behind the program's name that make it something else than a command of a person. */

/** The process that watches a `run`. */
export const KEEPER = 'keeper'

/** The job of a `run` with a time limit. */
export const SUPERVISED = 'supervised'

/** The process that a keeper or a waiter sends to look at the hardware. */
export const OBSERVER = 'observer'

/** Says to a shell what may stand at the cursor. */
export const COMPLETER = 'complete'
