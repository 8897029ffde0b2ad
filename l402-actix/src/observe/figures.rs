//! The figures that the feature `metrics` keeps; the guide's page on observability has the table.
//! Every label has its values from a closed set: a client can make no new series.

use std::{
    sync::{LazyLock, Once},
    time::Instant,
};

use l402_server::L402Error;
use metrics::{Unit, counter, describe_counter, describe_histogram, histogram};

use super::labels::{Cache, Endpoint, Limiter, Outcome, kind};
use crate::memory::Memory;

pub(crate) const ARE_KEPT: bool = true;

const CHALLENGES: &str = "l402_challenges_total";
const PAID: &str = "l402_paid_requests_total";
const FREE: &str = "l402_free_requests_total";
const REJECTIONS: &str = "l402_rejections_total";
const PAYMENTS: &str = "l402_payments_total";
const SATS: &str = "l402_payment_sats_total";
const BROKER_CALL: &str = "l402_broker_call_seconds";
const CACHE_HITS: &str = "l402_cache_hits_total";
const LIMITED: &str = "l402_limiter_refusals_total";

/// Counts a request by how it went. `OPTIONS` asks for nothing that is sold.
pub(super) fn request(route: String, outcome: Outcome) {
    describe();
    match outcome {
        Outcome::Preflight => {}
        Outcome::Free => counter!(FREE, "route" => route).increment(1),
        Outcome::Paid => counter!(PAID, "route" => route).increment(1),
        Outcome::Challenged(why) => {
            // A series that begins with its first payment looks to Prometheus as if that had been
            // there before. What is sold is offered first, so it begins here.
            for name in [PAID, PAYMENTS, SATS] {
                counter!(name, "route" => route.clone()).increment(0);
            }
            counter!(CHALLENGES, "route" => route, "reason" => why.name()).increment(1);
        }
        Outcome::Abandoned
        | Outcome::Rejected(_)
        | Outcome::BrokerError(_)
        | Outcome::ServerError(_) => {
            let reason = outcome.reason().unwrap_or("client_gone");
            counter!(
                REJECTIONS, "route" => route, "outcome" => outcome.name(), "reason" => reason
            )
            .increment(1);
        }
    }
}

/// The payments that have been counted, known by their hash. In each process once, as the recorder
/// is, so that a token counts once on however many workers it is used.
static COUNTED: LazyLock<Memory<bool>> = LazyLock::new(Memory::default);

/// Counts a payment, the first time that it opens something.
pub(super) fn payment(route: &str, payment_hash: [u8; 32], sats: u64) {
    if COUNTED.with(payment_hash, |counted| std::mem::replace(counted, true)) {
        return;
    }
    counter!(PAYMENTS, "route" => route.to_owned()).increment(1);
    counter!(SATS, "route" => route.to_owned()).increment(sats);
}

/// Counts a broker call and how long it took, also if nobody waits for its end.
pub(crate) async fn timed<T>(
    endpoint: Endpoint,
    call: impl Future<Output = Result<T, L402Error>>,
) -> Result<T, L402Error> {
    let mut call_on = Call { endpoint, since: Instant::now(), outcome: "abandoned" };
    let reply = call.await;
    call_on.outcome = reply.as_ref().map_or_else(|err| kind(err), |_| "ok");
    reply
}

struct Call {
    endpoint: Endpoint,
    since: Instant,
    outcome: &'static str,
}

impl Drop for Call {
    fn drop(&mut self) {
        describe();
        let (endpoint, outcome) = (self.endpoint.name(), self.outcome);
        histogram!(BROKER_CALL, "endpoint" => endpoint, "outcome" => outcome)
            .record(self.since.elapsed());
    }
}

pub(crate) fn hit(cache: Cache) {
    counter!(CACHE_HITS, "cache" => cache.name()).increment(1);
}

pub(crate) fn limited(limiter: Limiter) {
    counter!(LIMITED, "limiter" => limiter.name()).increment(1);
}

/// Describes the figures to the recorder, with the first request: it is installed by then. Those
/// whose series are known begin at 0.
fn describe() {
    static DESCRIBED: Once = Once::new();
    DESCRIBED.call_once(|| {
        let count = Unit::Count;
        describe_counter!(CHALLENGES, count, "Requests answered 402 with a challenge.");
        describe_counter!(PAID, count, "Requests let in with a verified payment.");
        describe_counter!(FREE, count, "Requests let in by a price that is free.");
        describe_counter!(REJECTIONS, count, "Gated requests answered without a challenge.");
        describe_counter!(PAYMENTS, count, "Distinct payments that have opened something.");
        describe_counter!(SATS, count, "Sats of distinct payments that have opened something.");
        describe_histogram!(BROKER_CALL, Unit::Seconds, "How long broker calls took.");
        describe_counter!(CACHE_HITS, count, "Broker calls that were spared.");
        describe_counter!(LIMITED, count, "Broker calls that our own limits forbade.");
        for cache in [Cache::Verdict, Cache::Refusal, Cache::Challenge] {
            counter!(CACHE_HITS, "cache" => cache.name()).increment(0);
        }
        for limiter in [Limiter::BudgetMint, Limiter::BudgetVerify, Limiter::Client, Limiter::Payer]
        {
            counter!(LIMITED, "limiter" => limiter.name()).increment(0);
        }
    });
}
