-- Leaves a sign of life of a host, with a copy of its pool or with what a probe saw there.
--
-- KEYS[1]  the fleet: a hash with, for each host, HOST/revision, HOST/pool (JSON), HOST/sign ("host's clock" "server's clock")
--          and HOST/probe ("server's clock" and JSON)
-- ARGV[1]  the host
-- ARGV[2]  the time there, in milliseconds
-- ARGV[3]  the revision of the pool and
-- ARGV[4]  the pool, or both ''
-- ARGV[5]  what a probe saw, or ''

local host = ARGV[1]
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
redis.call('HSET', KEYS[1], host .. '/sign', ARGV[2] .. ' ' .. now)
if ARGV[5] ~= '' then redis.call('HSET', KEYS[1], host .. '/probe', now .. ' ' .. ARGV[5]) end
if ARGV[3] ~= '' then
  -- Two commands may come here in another order than that in which they committed.
  local known = tonumber(redis.call('HGET', KEYS[1], host .. '/revision') or '') or 0
  if tonumber(ARGV[3]) > known then
    redis.call('HSET', KEYS[1], host .. '/revision', ARGV[3], host .. '/pool', ARGV[4])
  end
end
return now
