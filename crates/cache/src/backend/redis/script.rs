//! What must happen in one step on the server.
//!
//! A counter is text, `latest:removed`, in microseconds of the server's clock. Lua's numbers are exact up to 2^53,
//! which these reach in the year 2255; `%.0f` writes them without an exponent. Text that is no counter counts as absent.

use fred::types::Value;

use super::{
    RedisBackend, command,
    fault::unexpected,
    reply::{decimal, done, list, number, text},
};
use crate::{Generation, Invalidation, Lease, Lifetime, RawKey, Result, Seeded};

macro_rules! counter {
    ($rest:literal) => {
        concat!(
            "local stored = redis.pcall('GET', KEYS[1])
             local time = redis.call('TIME')
             local now = time[1] * 1000000 + time[2]
             local latest, removed
             if type(stored) == 'string' then
               latest, removed = string.match(stored, '^(%d+):(%d+)$')
               if latest and tonumber(latest) > 9007199254740000 then latest = nil end
             end
             ",
            $rest
        )
    };
}

const SEED: &str = counter!(
    "if latest then return {stored, 0, string.format('%.0f', now)} end
     stored = string.format('%.0f', now) .. ':0'
     redis.call('SET', KEYS[1], stored, 'PX', ARGV[1])
     return {stored, 1, string.format('%.0f', now)}"
);

const BUMP: &str = counter!(
    "if latest then now = math.max(now, tonumber(latest) + 1) end
     local value = string.format('%.0f', now)
     if ARGV[2] == 'remove' then removed = value elseif not latest then removed = '0' end
     stored = value .. ':' .. removed
     redis.call('SET', KEYS[1], stored, 'PX', ARGV[1])
     return stored"
);

const RELEASE: &str =
    "if redis.pcall('GET', KEYS[1]) == ARGV[1] then return redis.call('UNLINK', KEYS[1]) end
                       return 0";

/// Written anew rather than given a new end, so that no further right is needed.
const RENEW: &str = "if redis.pcall('GET', KEYS[1]) ~= ARGV[1] then return 0 end
                     redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
                     return 1";

fn lifetime() -> Value {
    Value::Bytes(Generation::LIFETIME.as_millis().to_string().into())
}

pub(super) async fn seed(backend: &RedisBackend, counter: &RawKey) -> Result<Seeded> {
    let answer = list(backend.run(command::script(SEED, counter, [lifetime()])).await?)?;
    let Ok([stored, created, now]) = <[_; 3]>::try_from(answer) else {
        return unexpected("seeded counter");
    };
    let Some(generation) = Generation::parse(&text(stored)?) else {
        return unexpected("counter");
    };
    Ok(Seeded { generation, created: number(created)? == 1, now: decimal(now)? })
}

pub(super) async fn bump(backend: &RedisBackend, counter: &RawKey, how: Invalidation) -> Result<Generation> {
    let how = Value::from_static_str(match how {
        Invalidation::Expire => "expire",
        Invalidation::Remove => "remove",
    });
    let answer = backend.run(command::script(BUMP, counter, [lifetime(), how])).await?;
    Generation::parse(&text(answer)?).map_or_else(|| unexpected("counter"), Ok)
}

pub(super) async fn renew(backend: &RedisBackend, lease: &Lease, lifetime: Lifetime) -> Result<bool> {
    let token = Value::Bytes(lease.token().to_string().into());
    let millis = Value::Bytes(lifetime.as_millis().to_string().into());
    Ok(number(backend.run(command::script(RENEW, lease.key(), [token, millis])).await?)? == 1)
}

pub(super) async fn release(backend: &RedisBackend, lease: &Lease) -> Result<()> {
    let token = Value::Bytes(lease.token().to_string().into());
    done(backend.run(command::script(RELEASE, lease.key(), [token])).await?)
}
