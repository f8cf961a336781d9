-- Writes what was decided, if the pool is still the one that it was decided on. All of it or nothing.
--
-- KEYS[1]  the pool: a hash of schema, revision, pool (JSON), life (JSON), machine (JSON)
-- KEYS[2]  the usage records: a stream
-- KEYS[3]  the events: a stream, whose ids count from 1-0
-- KEYS[4]  the mark that this very commit was made
-- ARGV[1]  the revision that was decided on, '' for no pool
-- ARGV[2]  the schema in which all of this is written
-- ARGV[3]  the pool
-- ARGV[4]  the life of the store
-- ARGV[5]  the machine that the pool belongs to
-- ARGV[6]  the channel on which those who wait hear of it
-- ARGV[7]  the instant before which some of the history is forgotten, '' for never
-- ARGV[8]  how many usage records follow; then, for each of them, when it ended and JSON
--          behind them, for each event, when it was and JSON
--
-- Returns {'done', revision} or, when the pool is another one by now, {'changed', schema, revision, pool, life, machine}.

local REMEMBERED_SECONDS = 120
local FORGOTTEN_AT_MOST = 50

local marked = redis.call('GET', KEYS[4])
if marked then return {'done', marked} end

-- A script that fails half-way is not undone, so what may fail is asked first.
local kinds = {'hash', 'stream', 'stream'}
for place, kind in ipairs(kinds) do
  local found = redis.call('TYPE', KEYS[place]).ok
  if found ~= 'none' and found ~= kind then
    return redis.error_reply('WRONGTYPE ' .. KEYS[place] .. ' holds a ' .. found)
  end
end
if redis.acl_check_cmd then
  local writes = {
    {'HSET', KEYS[1], 'pool', ''}, {'XADD', KEYS[2], '*', 'at', ''}, {'XADD', KEYS[3], '*', 'at', ''},
    {'XDEL', KEYS[2], '0-1'}, {'XDEL', KEYS[3], '0-1'}, {'DEL', KEYS[3]}, {'SET', KEYS[4], ''}, {'PUBLISH', ARGV[6], ''},
    {'XRANGE', KEYS[2], '-', '+'}, {'XREVRANGE', KEYS[3], '+', '-'}, {'HMGET', KEYS[1], 'pool'},
  }
  for _, write in ipairs(writes) do
    if not redis.acl_check_cmd(unpack(write)) then
      return redis.error_reply('NOPERM this user has no permission to run ' .. write[1] .. ' on ' .. write[2])
    end
  end
end

local revision = redis.call('HGET', KEYS[1], 'revision') or ''
if revision ~= ARGV[1] then
  local present = redis.call('HMGET', KEYS[1], 'schema', 'revision', 'pool', 'life', 'machine')
  return {'changed', present[1], present[2], present[3], present[4], present[5]}
end

local time = redis.call('TIME')
local microseconds = time[1] * 1000000 + time[2]
-- It begins with the time, so that no revision comes a second time, not even in a pool that is made anew after a loss.
local next_revision = string.format('%.0f', math.max(tonumber(revision) or 0, microseconds) + 1)

local function forget(key)
  if ARGV[7] == '' then return end
  local before = tonumber(ARGV[7])
  local old = {}
  for _, entry in ipairs(redis.call('XRANGE', key, '-', '+', 'COUNT', FORGOTTEN_AT_MOST)) do
    -- What is no time is not ours, and an error here would come after some of the writes.
    if (tonumber(entry[2][2]) or 0) >= before then break end
    old[#old + 1] = entry[1]
  end
  if #old > 0 then redis.call('XDEL', key, unpack(old)) end
end

local at = 9
for _ = 1, tonumber(ARGV[8]) do
  redis.call('XADD', KEYS[2], '*', 'at', ARGV[at], 'record', ARGV[at + 1])
  at = at + 2
end
if at <= #ARGV then
  local last = redis.call('XREVRANGE', KEYS[3], '+', '-', 'COUNT', 1)[1]
  -- A stream whose entries are all forgotten would still count on from them.
  if not last then redis.call('DEL', KEYS[3]) end
  local number = last and tonumber(string.match(last[1], '^%d+')) or 0
  while at <= #ARGV do
    number = number + 1
    redis.call('XADD', KEYS[3], string.format('%.0f-0', number), 'at', ARGV[at], 'written', string.format('%.0f', microseconds), 'event', ARGV[at + 1])
    at = at + 2
  end
  forget(KEYS[2])
  forget(KEYS[3])
end

redis.call('SET', KEYS[4], next_revision, 'EX', REMEMBERED_SECONDS)
redis.call('HSET', KEYS[1], 'schema', ARGV[2], 'revision', next_revision, 'pool', ARGV[3], 'life', ARGV[4], 'machine', ARGV[5])
redis.call('PUBLISH', ARGV[6], next_revision)
return {'done', next_revision}
