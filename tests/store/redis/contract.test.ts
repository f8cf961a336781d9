import { afterAll } from 'bun:test'
import { RedisServer } from '../../helpers/redis-server.ts'
import { storeContract } from '../contract.ts'
import { historyContract } from '../history.ts'

const server = await RedisServer.start()
afterAll(() => server[Symbol.asyncDispose]())

storeContract('Redis', server.place)
historyContract('Redis', server.place)
