//! Plays a case: sends what comes, pays what is asked, and holds each answer against the reference.

use std::{
    collections::HashSet,
    ops::ControlFlow::{self, Break, Continue},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use l402_actix::{L402Client, l402_server::ChallengeRequest};
use l402_sandbox::{Endpoint, Fault, ReadOut, Sandbox, append_caveat};
use l402_tests::{Answer, Api, Calls};
use reqwest::{Method, header::AUTHORIZATION};
use serde_json::{Value, json};

use crate::{
    api::{self, CONTENT, NAMED, Routes},
    case::{
        Caveat, Credential, Event, Forged, Gate, Lie, Mint, Price, Request, Route, Settings, Verify,
    },
    reference::{Asked, Outcome, Payment, Reference, Shown, Terms},
};

/// A server and its broker, for many cases.
pub(crate) struct World {
    api: Api,
    sandbox: Sandbox,
    /// Another process of the merchant's.
    elsewhere: L402Client,
    reads_last: bool,
    routes: Routes,
    calls: Calls,
    next: AtomicU64,
    /// Each that was asked to be paid.
    invoices: Mutex<HashSet<String>>,
}

impl World {
    pub(crate) async fn start(read_out: ReadOut) -> Self {
        let sandbox = Sandbox::builder().read_out(read_out).start().await.unwrap();
        let (routes, calls) = (Routes::default(), Calls::default());
        let api = api::serve(&sandbox, &routes, &calls).await;
        let reads_last = matches!(read_out, ReadOut::Last);
        let (next, invoices) = (AtomicU64::new(0), Mutex::default());
        let elsewhere = sandbox.client();
        Self { api, sandbox, elsewhere, reads_last, routes, calls, next, invoices }
    }

    /// How many requests were held against the reference.
    pub(crate) async fn play(
        &self,
        settings: Settings,
        routes: &[Route; 3],
        events: &[Event],
    ) -> usize {
        let first = self.next.fetch_add(routes.len() as u64, Ordering::SeqCst);
        let numbers = [first, first + 1, first + 2].map(|number| number.to_string());
        let served = numbers.iter().cloned().zip(routes.map(|route| (settings, route)));
        *self.routes.lock().unwrap() = served.collect();
        let reference = Reference::new(settings, self.reads_last);
        let mut play =
            Play { world: self, settings, routes: *routes, numbers, reference, asked: 0 };
        for event in events {
            match event {
                Event::Request(request) => {
                    if play.request(request).await.is_break() {
                        break;
                    }
                }
                Event::SoldElsewhere { route, sats } => play.sold_elsewhere(*route, *sats).await,
                Event::Expiry => {
                    self.sandbox.advance(l402_sandbox::DEFAULT_TOKEN_LIFETIME);
                    for payment in &mut play.reference.payments {
                        payment.has_expired = true;
                    }
                }
            }
        }
        self.invoices.lock().unwrap().clear();
        play.asked
    }
}

struct Play<'w> {
    world: &'w World,
    settings: Settings,
    routes: [Route; 3],
    numbers: [String; 3],
    reference: Reference,
    asked: usize,
}

impl Play<'_> {
    /// A break where time has made what follows uncertain.
    async fn request(&mut self, request: &Request) -> ControlFlow<()> {
        let route = self.routes[request.route];
        let path = self.path(request.route, request.number);
        let resource = if route.named { NAMED } else { &path };
        let gates: Vec<Terms> =
            route.gates.iter().flatten().filter_map(|gate| terms(*gate, request.number)).collect();
        let sandbox = &self.world.sandbox;
        let (verify, mint) = (self.verify(request.verify), self.mint(request.mint));
        let shown = self.show(&request.credential, &path);

        for fault in [fault_of_verify(verify), fault_of_mint(mint)].into_iter().flatten() {
            sandbox.fault(fault.always());
        }
        let query = if request.handler_fails { "?fails" } else { "" };
        let asks = self.world.api.request(Method::POST, &format!("{path}{query}"));
        // One that nobody reads costs the connection.
        let reads_body = |gate: &Gate| matches!(gate.price, Price::ByBody { .. });
        let is_read = route.gates.iter().flatten().any(reads_body);
        let asks = if is_read { asks.body(request.number.to_string()) } else { asks };
        let asks = match (&shown, &request.credential) {
            (Some(shown), _) => asks.header(AUTHORIZATION, &shown.text),
            (None, Credential::Garbage) => asks.header(AUTHORIZATION, "L402 garbage"),
            (None, _) => asks,
        };
        let (begun, calls) = (Instant::now(), self.world.calls.so_far());
        let answer = Answer::to(asks).await;
        sandbox.clear_faults();
        let asked = Asked {
            gates: &gates,
            resource,
            shown: shown.as_ref(),
            verify,
            mints: mint == Mint::Well,
            handler_fails: request.handler_fails,
            begun,
        };
        let has_run = self.world.calls.so_far() - calls;
        let outcome = self.outcome(&answer, has_run, request.handler_fails, resource);
        let allowed = self.reference.allows(&asked, outcome);
        let expected = self.reference.answer(&asked);
        let hangs = verify == Verify::Hangs || mint == Mint::Hangs;
        // On a busy machine who is in a hurry runs out of time without a broker that hangs.
        let is_late = self.settings.hurried && answer.status == 504;
        if self.reference.is_unsure || is_late && !(hangs && expected == Outcome::Failed) {
            return Break(());
        }
        let context = || format!("{request:?} at {gates:?} with {shown:?}: {answer:?}");
        assert!(allowed, "against the rules: {outcome:?}, {}", context());
        assert_eq!(outcome, expected, "{}", context());
        self.asked += 1;
        if let Outcome::Asked(sats) = outcome
            && request.pays
        {
            let challenge = &answer.json()["l402"];
            let text = |name: &str| challenge[name].as_str().unwrap().to_owned();
            let preimage = sandbox.pay(&text("invoice")).unwrap();
            let payment = Payment::new(resource, sats, true, [text("macaroon"), preimage]);
            self.reference.payments.push(payment);
        }
        Continue(())
    }

    /// What an answer is, which has to be just that.
    fn outcome(&self, answer: &Answer, has_run: usize, fails: bool, resource: &str) -> Outcome {
        let status = if fails { 500 } else { 200 };
        if has_run == 1 {
            assert_eq!(answer.status, status, "{answer:?}");
            assert_eq!(answer.body == CONTENT, !fails, "{answer:?}");
        } else {
            assert_eq!(has_run, 0, "a handler runs once");
            assert!(!answer.body.contains(CONTENT) && answer.status >= 400, "{answer:?}");
        }
        let challenges = answer.all("www-authenticate").concat();
        let has_challenge = challenges.contains("macaroon=")
            || challenges.contains("Payment ")
            || answer.body.contains("lnbcrt");
        assert_eq!(has_challenge, answer.status == 402, "{answer:?}");
        if has_run == 1 {
            return Outcome::Served;
        }
        if !has_challenge {
            return Outcome::Failed;
        }
        let challenge = &answer.json()["l402"];
        assert_eq!(challenge["resource"], resource);
        let invoice = challenge["invoice"].as_str().unwrap().to_owned();
        assert!(challenges.contains(&invoice));
        assert!(self.world.invoices.lock().unwrap().insert(invoice), "an invoice is asked twice");
        Outcome::Asked(challenge["amount_sats"].as_u64().unwrap())
    }

    async fn sold_elsewhere(&mut self, route: usize, sats: u64) {
        let path = self.path(route, sats);
        let resource = if self.routes[route].named { NAMED } else { &path };
        let ask = ChallengeRequest::new(resource, sats);
        let challenge = self.world.elsewhere.create_challenge(&ask).await.unwrap();
        let preimage = self.world.sandbox.pay(&challenge.invoice).unwrap();
        let payment = Payment::new(resource, sats, false, [challenge.macaroon, preimage]);
        self.reference.payments.push(payment);
    }

    fn path(&self, route: usize, number: u64) -> String {
        format!("/{}/{number}", self.numbers[route])
    }

    /// What is sent, and what is true of it; `None` of what is no credential.
    fn show(&self, credential: &Credential, path: &str) -> Option<Shown> {
        let payments = &self.reference.payments;
        let at =
            |back: usize| payments.len().checked_sub(1).map(|last| last - back % payments.len());
        let never_paid = "00".repeat(32);
        match credential {
            Credential::None | Credential::Garbage => None,
            Credential::Mpp { back, forged } => {
                let at = at(*back)?;
                let preimage = if *forged { &never_paid } else { &payments[at].preimage };
                let proof = json!({ "payload": { "preimage": preimage } }).to_string();
                Some(Shown {
                    text: format!("Payment {}", URL_SAFE_NO_PAD.encode(proof)),
                    mpp: true,
                    payment: (!forged).then_some(at),
                    is_genuine: false,
                    says_expired: false,
                    paths: Vec::new(),
                    amounts: Vec::new(),
                })
            }
            Credential::Token { back, forged, caveats } => {
                let at = at(*back)?;
                let Payment { macaroon, preimage, .. } = &payments[at];
                let (mut macaroon, mut preimage) = (macaroon.clone(), preimage);
                let (mut paths, mut amounts, mut says_expired) = (Vec::new(), Vec::new(), false);
                for caveat in caveats {
                    let text = match caveat {
                        Caveat::Unknown => "color=blue".to_owned(),
                        Caveat::Preimage => format!("preimage={preimage}"),
                        Caveat::Expired => "expires=1700000000".to_owned(),
                        Caveat::ThisPath => format!("path={path}"),
                        Caveat::OtherPath => "path=/other".to_owned(),
                        Caveat::Amount(sats) => format!("amount_sats={sats}"),
                    };
                    says_expired |= matches!(caveat, Caveat::Expired);
                    paths.extend(text.strip_prefix("path=").map(str::to_owned));
                    amounts.extend(text.strip_prefix("amount_sats=").map(|_| match caveat {
                        Caveat::Amount(sats) => *sats,
                        _ => 0,
                    }));
                    macaroon = append_caveat(&macaroon, &text).unwrap();
                }
                match forged {
                    None => {}
                    // The signature is what it ends in.
                    Some(Forged::Macaroon) => {
                        let end = macaroon.len() - 8;
                        let forged = if macaroon[end..].starts_with('A') { "B" } else { "A" };
                        macaroon.replace_range(end..=end, forged);
                    }
                    Some(Forged::Preimage) => preimage = &never_paid,
                }
                Some(Shown {
                    text: format!("L402 {macaroon}:{preimage}"),
                    mpp: false,
                    payment: (!matches!(forged, Some(Forged::Preimage))).then_some(at),
                    is_genuine: forged.is_none(),
                    says_expired,
                    paths,
                    amounts,
                })
            }
        }
    }

    /// Nobody waits for a broker that hangs but who is in a hurry.
    fn verify(&self, verify: Verify) -> Verify {
        if verify == Verify::Hangs && !self.settings.hurried { Verify::Resets } else { verify }
    }

    fn mint(&self, mint: Mint) -> Mint {
        if mint == Mint::Hangs && !self.settings.hurried { Mint::Resets } else { mint }
    }
}

/// What a gate asks of this request; `None` if that is nothing.
fn terms(gate: Gate, number: u64) -> Option<Terms> {
    let uses = gate.uses;
    match gate.price {
        Price::Sats(price) => Some(Terms { price, accepts: price, uses }),
        Price::ByPath { .. } | Price::ByBody { .. } if number == 0 => None,
        Price::ByPath { tolerant } | Price::ByBody { tolerant } => {
            let accepts = if tolerant { (number - 1).max(1) } else { number };
            Some(Terms { price: number, accepts, uses })
        }
    }
}

fn fault_of_verify(verify: Verify) -> Option<Fault> {
    let fault = match verify {
        Verify::Well => return None,
        Verify::Status(status) => Fault::status(status),
        Verify::Named(name) => Fault::named(name).unwrap(),
        Verify::Hangs => Fault::hang(),
        Verify::Resets => Fault::reset(),
        Verify::BreaksOff => Fault::truncated(),
        Verify::Garbage => Fault::garbage(),
        Verify::SaysNo => Fault::json(json!({ "valid": false, "error": "no" })),
        Verify::ReadsOut(lie) => Fault::edit(move |reply| {
            if reply["valid"] == true {
                tell(lie, reply);
            }
        }),
    };
    Some(fault.on(Endpoint::Verify))
}

fn tell(lie: Lie, reply: &mut Value) {
    match lie {
        Lie::Little => reply["amountSats"] = 0.into(),
        Lie::Much => reply["amountSats"] = 1_000_000.into(),
        Lie::OtherResource => reply["resource"] = "/elsewhere".into(),
        Lie::NoAmount => reply["amountSats"] = Value::Null,
        Lie::NoResource => reply["resource"] = Value::Null,
    }
}

fn fault_of_mint(mint: Mint) -> Option<Fault> {
    let fault = match mint {
        Mint::Well => return None,
        Mint::Status(status) => Fault::status(status),
        Mint::Named(name) => Fault::named(name).unwrap(),
        Mint::Hangs => Fault::hang(),
        Mint::Resets => Fault::reset(),
        Mint::BreaksOff => Fault::truncated(),
        Mint::Garbage => Fault::garbage(),
        Mint::OtherPrice => Fault::edit(|reply| reply["priceSats"] = 7_000.into()),
        Mint::OtherResource => Fault::edit(|reply| reply["resource"] = "/elsewhere".into()),
        Mint::Unprintable => Fault::edit(|reply| reply["macaroon"] = "quoted\"".into()),
    };
    Some(fault.on(Endpoint::Mint))
}
