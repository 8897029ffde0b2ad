//! A broker that does not answer, or that answers 429.

use std::{
    net::SocketAddr,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use actix_web::rt;
use l402_actix::l402_server::{ChallengeRequest, L402Error};
use l402_sandbox::{Endpoint, Fault, Sandbox};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};

use crate::{
    processes::{Api, HERE, Shop},
    report::{Row, Tally, calls},
};

const WHILE_IT_HANGS: usize = 300;
const BEYOND_ITS_LIMIT: usize = 1_100;
/// How many of those are under way at once.
const CONNECTIONS: usize = 10;
/// One call a second takes over from the last until the gate's deadline.
const MOST_CALLS: usize = 11;
/// What is still a handful.
const MOST_WARNINGS: usize = 5;

/// 300 requests at the same time, with a token that was not presented before.
pub(crate) async fn hangs(api: Api) -> Row {
    let sandbox = Shop::sandbox().await;
    let line = CountedLine::to(&sandbox).await;
    let shop = Shop::with(sandbox, line.url.clone(), api, &[]).await;
    let mut answers = Tally::default();
    let token = Rc::new(shop.buy(HERE, "/weather", &mut answers).await.unwrap());
    shop.sandbox.fault(Fault::hang().on(Endpoint::Verify).always());
    let before = line.connections();
    let requests: Vec<_> = (0..WHILE_IT_HANGS)
        .map(|_| {
            let (shop, token) = (Rc::clone(&shop), Rc::clone(&token));
            rt::spawn(async move { shop.ask(HERE, "/weather", Some(&token)).await.status })
        })
        .collect();
    for request in requests {
        answers.note(request.await.unwrap());
    }
    let connections = line.connections() - before;
    let most = MOST_CALLS * api.processes;
    Row {
        place: 12,
        what: "300 requests with one token while the broker hangs",
        api,
        requests: answers.all(),
        answers: answers.to_string(),
        calls: format!("{} over {connections} new connections", shop.calls()),
        target: format!("at most {most} connections, {MOST_CALLS} for each process"),
        met: Some(connections <= most),
    }
}

/// Somebody else has used up the account's minute.
pub(crate) async fn is_used_up(api: Api) -> Row {
    let shop = Shop::open(api, &[]).await;
    let mut answers = Tally::default();
    let token = Rc::new(shop.buy(HERE, "/weather", &mut answers).await.unwrap());
    use_up(&shop.sandbox).await;
    let (mints, verifies) = (shop.sandbox.mints(), shop.sandbox.verifies());
    let share = BEYOND_ITS_LIMIT / CONNECTIONS;
    let requests: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let (shop, token) = (Rc::clone(&shop), Rc::clone(&token));
            rt::spawn(async move {
                let mut answers = Tally::default();
                for _ in 0..share {
                    answers.note(shop.ask(HERE, "/weather", Some(&token)).await.status);
                }
                answers
            })
        })
        .collect();
    for request in requests {
        answers = answers.with(request.await.unwrap());
    }
    let (mints, verifies) = (shop.sandbox.mints() - mints, shop.sandbox.verifies() - verifies);
    let lines = shop.warnings();
    let met = lines.iter().all(|lines| *lines <= MOST_WARNINGS);
    let lines: Vec<_> = lines.iter().map(ToString::to_string).collect();
    Row {
        place: 13,
        what: "1,100 requests with one token beyond the broker's limit",
        api,
        requests: answers.all(),
        answers: format!("{answers}; WARN lines {}", lines.join(", ")),
        calls: format!("{} beyond it", calls(mints, verifies)),
        target: format!("at most {MOST_WARNINGS} lines by each process"),
        met: Some(met),
    }
}

/// Mints until there is a 429, past the API.
async fn use_up(sandbox: &Sandbox) {
    let (client, sale) = (sandbox.client(), ChallengeRequest::new("/elsewhere", 1));
    loop {
        match client.create_challenge(&sale).await {
            Ok(_) => {}
            Err(L402Error::RateLimited { .. }) => return,
            Err(err) => panic!("the sandbox answers {err}"),
        }
    }
}

/// A way to the broker on which connections are counted.
struct CountedLine {
    url: String,
    connections: Arc<AtomicUsize>,
}

impl CountedLine {
    async fn to(sandbox: &Sandbox) -> Self {
        let listener = TcpListener::bind((HERE, 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let broker: SocketAddr = sandbox.url().trim_start_matches("http://").parse().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&connections);
        rt::spawn(async move {
            while let Ok((mut from, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                rt::spawn(async move {
                    if let Ok(mut to) = TcpStream::connect(broker).await {
                        let _ = copy_bidirectional(&mut from, &mut to).await;
                    }
                });
            }
        });
        Self { url, connections }
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}
