-- The pool, and the last usage record that belongs to it, of one moment.
--
-- KEYS[1]  the pool: a hash
-- KEYS[2]  the usage records: a stream
--
-- Returns {schema, revision, pool, life, machine, the id of the last record or false}.

local present = redis.call('HMGET', KEYS[1], 'schema', 'revision', 'pool', 'life', 'machine')
local last = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1]
return {present[1], present[2], present[3], present[4], present[5], last and last[1] or false}
