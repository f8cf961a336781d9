/** Every error that a user can act on, by what it is about. Its text is composed there, and nowhere else. */

export * from './errors/adoption.ts'
export * from './errors/command.ts'
export * from './errors/fleet.ts'
export * from './errors/move.ts'
export * from './errors/pool.ts'
export * from './errors/probe.ts'
export * from './errors/request.ts'
export * from './errors/reservation.ts'
export * from './errors/server.ts'
export * from './errors/store.ts'
export * from './errors/usage.ts'
export * from './errors/user-error.ts'
