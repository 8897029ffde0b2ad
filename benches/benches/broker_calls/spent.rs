//! A token that is good for one use, and used up.

use std::time::Duration;

use actix_web::rt;

use crate::{
    processes::{Api, HERE, Shop},
    report::{Row, Tally, calls},
};

const PRESENTED: usize = 150;
const EVERY: Duration = Duration::from_millis(100);
/// What one client may cause to nothing of a minute that has 100 calls.
const MOST_OF_A_CLIENT: u64 = 30;

/// With the store as it comes: a process's own memory, where each process sells the token once, or the
/// Redis that they share.
pub(crate) async fn used_up(api: Api) -> Row {
    let shop = Shop::open(api, &[]).await;
    let mut answers = Tally::default();
    let token = shop.buy(HERE, "/draw", &mut answers).await.unwrap();
    answers.note(shop.ask(HERE, "/draw", Some(&token)).await.status);
    let (mints, verifies) = (shop.sandbox.mints(), shop.sandbox.verifies());
    for _ in 0..PRESENTED {
        answers.note(shop.ask(HERE, "/draw", Some(&token)).await.status);
        rt::time::sleep(EVERY).await;
    }
    let (mints, verifies) = (shop.sandbox.mints() - mints, shop.sandbox.verifies() - verifies);
    // Where nothing is shared, each of the other processes has to use it up by itself.
    let others = api.processes as u64 - 1;
    let most_verifies = if api.shared { 0 } else { others };
    // Alone each counts what the client has asked of it in vain. Together nobody waits for the count to
    // be written, so that each of the others may let one more through.
    let most_mints = MOST_OF_A_CLIENT + others * if api.shared { 1 } else { MOST_OF_A_CLIENT };
    Row {
        place: 5,
        what: "a used-up `single_use` token 150 times",
        api,
        requests: answers.all(),
        answers: answers.to_string(),
        calls: format!("{} after the first use", calls(mints, verifies)),
        target: calls(most_mints, most_verifies),
        met: Some(mints <= most_mints && verifies <= most_verifies),
    }
}
