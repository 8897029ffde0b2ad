-- One step on the balance of a payment, which is a hash:
--   kind           "uses" or "units"
--   drawn          what is settled
--   h:<id>         "<held> <drawn> <until> <lease>": what a request has, when its lease runs out, and how
--                  long it was
--   accepted       what an MPP payment was accepted for
-- The other keys stand for requests that ended while it was not known what had become of a step of
-- theirs, which must not take effect any more: this one's, and those of each of `ours`.
-- Times are Redis's own, in milliseconds.
local key, step, id, kind = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local limit, held, drawn = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local lease, kept = tonumber(ARGV[7]), tonumber(ARGV[8])
-- So many requests have a part of one payment at a time: each step looks at all of them.
local MOST_OPEN = 256
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function text(number) return string.format('%.0f', number) end

local function keep(milliseconds)
    if redis.call('PTTL', key) < milliseconds then
        redis.call('PEXPIRE', key, text(milliseconds))
    end
end

local function put(holder, has, used)
    local words = { text(has), text(used), text(now + lease), text(lease) }
    redis.call('HSET', key, 'h:' .. holder, table.concat(words, ' '))
    keep(lease * 2)
end

-- No step of this request takes effect any more, and nobody's word brings its hold back.
local function end_for_good()
    redis.call('SET', KEYS[2], 1, 'PX', 600000)
end

if step == 'accept' then
    redis.call('HSET', key, 'accepted', ARGV[9])
    keep(kept)
    return 1
elseif step == 'accepted' then
    return redis.call('HGET', key, 'accepted')
end

local fields = redis.call('HGETALL', key)
local known, settled = nil, 0
for place = 1, #fields, 2 do
    local field, value = fields[place], fields[place + 1]
    if field == 'kind' then
        known = value
    elseif field == 'drawn' then
        settled = tonumber(value)
    end
end

-- What requests of the asking process hold is held, even if their leases ran out while it could not
-- reach Redis.
local ours = {}
if step == 'hold' or step == 'look' then
    for place = 9, #ARGV, 3 do
        local holder = ARGV[place]
        local over = redis.call('EXISTS', KEYS[2 + (place - 6) / 3]) == 1
        if holder ~= id and not over then
            ours[holder] = { tonumber(ARGV[place + 1]), tonumber(ARGV[place + 2]) }
        end
    end
end

-- `open` is what others hold, `lapsed` what they had drawn when their leases ran out.
local open, lapsed, mine, holders = 0, 0, nil, 0
for place = 1, #fields, 2 do
    local field = fields[place]
    if string.sub(field, 1, 2) == 'h:' then
        local holder = string.sub(field, 3)
        local has, used, till, lasts =
            string.match(fields[place + 1], '^(%d+) (%d+) (%d+) ?(%d*)$')
        has, used, till, lasts = tonumber(has), tonumber(used), tonumber(till), tonumber(lasts)
        if lasts and till > now + lasts then
            -- The clock was put back. Nobody is kept out for as long as that.
            till = now + lasts
            local words = { text(has), text(used), text(till), text(lasts) }
            redis.call('HSET', key, field, table.concat(words, ' '))
        end
        if holder == id then
            mine = { has, used, till > now }
        elseif ours[holder] then
            ours[holder] = { math.max(has, ours[holder][1]), math.max(used, ours[holder][2]) }
        elseif till > now then
            open = open + has
            holders = holders + 1
        elseif used > 0 then
            lapsed = lapsed + used
        elseif step ~= 'look' then
            redis.call('HDEL', key, field)
        end
    end
end
for holder, portion in pairs(ours) do
    open = open + portion[1]
    holders = holders + 1
    put(holder, portion[1], portion[2])
end

local free = math.max(limit - settled - lapsed - open, 0)
if mine and not mine[3] then
    -- Its lease ran out: it has what it had drawn, and what nobody else has taken meanwhile.
    mine[1] = math.max(mine[2], math.min(mine[1], free))
end
local in_use = settled > 0 or lapsed > 0 or open > 0 or mine

if step == 'settle' then
    if mine then
        redis.call('HDEL', key, 'h:' .. id)
        if mine[2] > 0 then
            redis.call('HSET', key, 'drawn', text(settled + mine[2]))
        end
    end
    if ARGV[9] == 'unsure' then
        end_for_good()
    end
    return 1
elseif step == 'settle at' then
    if mine and redis.call('EXISTS', KEYS[2]) == 0 then
        redis.call('HDEL', key, 'h:' .. id)
        local stays = math.min(mine[2], drawn)
        if stays > 0 then
            redis.call('HSET', key, 'drawn', text(settled + stays))
        end
    end
    end_for_good()
    return 1
elseif step == 'give back' then
    redis.call('HDEL', key, 'h:' .. id)
    if ARGV[9] == 'unsure' then
        end_for_good()
    end
    return 1
elseif step == 'renew' then
    if not mine or redis.call('EXISTS', KEYS[2]) == 1 then
        return 0
    end
    put(id, mine[1], mine[2])
    return 1
end

if in_use and known and known ~= kind then
    if step == 'draw' then
        return 0
    end
    return { 3 }
end

if step == 'draw' then
    if redis.call('EXISTS', KEYS[2]) == 1 then
        return 0
    end
    if mine then
        if drawn > math.max(mine[1], free) then
            return 0
        end
        drawn = math.max(drawn, mine[2])
        held = math.max(mine[1], drawn)
    else
        if drawn > free then
            return 0
        end
        held = math.max(math.min(held, free), drawn)
    end
    redis.call('HSET', key, 'kind', kind)
    put(id, held, drawn)
    keep(kept)
    return 1
end

-- hold, look
local exhausted = { settled + lapsed < limit and 1 or 2 }
if step == 'look' then
    if free < 1 then
        return exhausted
    end
    return { 0, 1, free - 1 }
end
if redis.call('EXISTS', KEYS[2]) == 1 then
    return { 1 }
end
local own = mine and mine[1] or 0
if own < 1 and free < 1 then
    return exhausted
end
if not mine and holders >= MOST_OPEN then
    return { 1 }
end
held = math.max(own, math.min(math.max(held, 1), free))
redis.call('HSET', key, 'kind', kind)
put(id, held, mine and mine[2] or 0)
return { 0, held, math.max(free - held, 0) }
