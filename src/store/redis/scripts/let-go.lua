-- Lets go of what only one at a time does, if it is still the caller's; and, with a time, holds it for longer instead.
--
-- KEYS[1]  the string that is there while somebody is at it
-- ARGV[1]  what the caller wrote into it
-- ARGV[2]  for how many milliseconds it is to be held from now on, '' to let go

if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] == '' then return redis.call('DEL', KEYS[1]) end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
