//! What the processes of an account tell each other, step by step as Redis does it.

/// A payment, a held challenge, a used-up key, the places, who has called that has paid; a place's name
/// or nothing, and the share of strangers -> the three texts, and 0 for a place that is taken, else the
/// milliseconds until there may be one; below zero where it is this client who has to wait.
///
/// By the clock of Redis, which is one for all processes. A place's name begins with its client's; there
/// are no more of them than the broker allows calls in a minute.
pub(super) const ASK: &str = "\
    local sold, held = redis.call('GET', KEYS[1]), redis.call('GET', KEYS[2]) \
    local answer = {sold, held, redis.call('GET', KEYS[3]), -1} \
    if sold or held or ARGV[1] == '' then return answer end \
    local time = redis.call('TIME') \
    local now = time[1] * 1000 + math.floor(time[2] / 1000) \
    redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', now - 60000) \
    local payers = redis.call('ZCOUNT', KEYS[5], now - 60000, '+inf') \
    local all, right = tonumber(ARGV[2]), tonumber(ARGV[3]) \
    local places = math.max(tonumber(ARGV[4]), all - payers * right) \
    if redis.call('ZCARD', KEYS[4]) >= math.min(places, tonumber(ARGV[5])) then \
        local first = redis.call('ZRANGE', KEYS[4], 0, 0, 'WITHSCORES') \
        answer[4] = math.max(1, tonumber(first[2] or now) + 60000 - now) \
        return answer \
    end \
    local own, since = 0, now \
    for _, place in ipairs(redis.call('ZREVRANGE', KEYS[4], 0, -1)) do \
        if string.sub(place, 1, 8) == string.sub(ARGV[1], 1, 8) then own, since = own + 1, place end \
    end \
    if own > 0 and 2 * own >= tonumber(ARGV[6]) then \
        since = tonumber(redis.call('ZSCORE', KEYS[4], since)) \
        answer[4] = -math.max(2, since + 60000 - now) \
        return answer \
    end \
    redis.call('ZADD', KEYS[4], now, ARGV[1]) \
    redis.call('PEXPIRE', KEYS[4], 60000) \
    answer[4] = 0 \
    return answer";

/// The places; a place's name -> whether it was taken.
pub(super) const GIVE_BACK: &str = "return redis.call('ZREM', KEYS[1], ARGV[1])";

/// The places; a place's name. Taken whether or not there is one: by a payer who has asked in vain.
pub(super) const NOTE: &str = "\
    redis.call('ZADD', KEYS[1], redis.call('TIME')[1] * 1000, ARGV[1]) \
    return redis.call('PEXPIRE', KEYS[1], 60000)";

/// A payment, a held challenge; the payment's text and for how long, the challenge's text and for how
/// long. A payment that is known stays what it is.
pub(super) const MINTED: &str = "\
    redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2], 'NX') \
    if ARGV[3] ~= '' then redis.call('SET', KEYS[2], ARGV[3], 'PX', ARGV[4]) end \
    return 1";

/// A payment, who has called that has paid; the payment's text, for how long, and its name.
pub(super) const ACCEPTED: &str = "\
    local now = redis.call('TIME')[1] * 1000 \
    redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - 60000) \
    redis.call('ZADD', KEYS[2], now, ARGV[3]) \
    redis.call('PEXPIRE', KEYS[2], 60000) \
    return redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])";

/// A key; its text, and for how long.
pub(super) const SET: &str = "return redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])";

pub(super) const FORGET: &str = "return redis.call('DEL', KEYS[1])";
