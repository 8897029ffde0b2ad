//! What a case is: a merchant's settings, its routes, and what comes to them one after the other.

use proptest::{
    collection::vec,
    option::weighted,
    prelude::{Just, Strategy, any, prop_oneof},
    sample::select,
};

/// What a merchant has set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(clippy::struct_excessive_bools, reason = "switches, each by itself")]
pub(crate) struct Settings {
    pub(crate) mode: Mode,
    pub(crate) mpp: bool,
    pub(crate) cache: bool,
    pub(crate) enforces_resource: bool,
    pub(crate) enforces_amount: bool,
    /// Whether the gate's deadline is so short that a broker which hangs can be waited for.
    pub(crate) hurried: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Mode {
    Diagnose,
    Unauthorized,
    Rechallenge,
    Custom,
}

/// Up to two scopes, one in the other, and a handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Route {
    /// From the outermost to the handler's own.
    pub(crate) gates: [Option<Gate>; 3],
    /// Whether all of them state a resource, which is then the same on all such routes.
    pub(crate) named: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Gate {
    pub(crate) price: Price,
    pub(crate) uses: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Price {
    Sats(u64),
    /// The number that the path ends in; where it is tolerant, a token of one sat less is enough.
    ByPath {
        tolerant: bool,
    },
    /// The number in the body.
    ByBody {
        tolerant: bool,
    },
}

#[derive(Debug, Clone)]
pub(crate) enum Event {
    Request(Request),
    /// Another process of the merchant's sells what this route asks.
    SoldElsewhere {
        route: usize,
        sats: u64,
    },
    /// Whatever was sold expires.
    Expiry,
}

#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) route: usize,
    /// What computed prices are computed from; 0 is free.
    pub(crate) number: u64,
    pub(crate) credential: Credential,
    pub(crate) verify: Verify,
    pub(crate) mint: Mint,
    pub(crate) handler_fails: bool,
    /// Whether a 402 is obeyed.
    pub(crate) pays: bool,
}

#[derive(Debug, Clone)]
pub(crate) enum Credential {
    None,
    Garbage,
    /// Of one of the payments so far, counted back from the last.
    Token {
        back: usize,
        forged: Option<Forged>,
        caveats: Vec<Caveat>,
    },
    Mpp {
        back: usize,
        forged: bool,
    },
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Forged {
    Macaroon,
    Preimage,
}

/// What a holder appends.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Caveat {
    Unknown,
    Preimage,
    Expired,
    /// The path that is asked for.
    ThisPath,
    OtherPath,
    Amount(u64),
}

/// How the broker answers the questions of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verify {
    Well,
    Status(u16),
    Named(&'static str),
    Hangs,
    Resets,
    /// Does what it is asked, and half of the answer arrives.
    BreaksOff,
    Garbage,
    SaysNo,
    /// Of what it accepts: so much, of another resource, or neither said.
    ReadsOut(Lie),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lie {
    Little,
    Much,
    OtherResource,
    NoAmount,
    NoResource,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mint {
    Well,
    Status(u16),
    Named(&'static str),
    Hangs,
    Resets,
    BreaksOff,
    Garbage,
    OtherPrice,
    OtherResource,
    Unprintable,
}

const MODES: [Mode; 4] = [Mode::Diagnose, Mode::Unauthorized, Mode::Rechallenge, Mode::Custom];

fn settings() -> impl Strategy<Value = Settings> {
    let mode = prop_oneof![3 => Just(Mode::Diagnose), 2 => (0..4_usize).prop_map(|at| MODES[at])];
    let enforces = prop_oneof![
        6 => Just((true, true)),
        1 => Just((false, true)),
        1 => Just((true, false)),
        1 => Just((false, false)),
    ];
    let hurried = prop_oneof![30 => Just(false), 1 => Just(true)];
    (mode, any::<(bool, bool)>(), enforces, hurried).prop_map(
        |(mode, (mpp, cache), (enforces_resource, enforces_amount), hurried)| Settings {
            mode,
            mpp,
            cache,
            enforces_resource,
            enforces_amount,
            hurried,
        },
    )
}

fn gate() -> impl Strategy<Value = Gate> {
    let price = prop_oneof![
        5 => (1..6_u64).prop_map(Price::Sats),
        1 => any::<bool>().prop_map(|tolerant| Price::ByPath { tolerant }),
        1 => any::<bool>().prop_map(|tolerant| Price::ByBody { tolerant }),
    ];
    let uses = prop_oneof![4 => Just(None), 2 => Just(Some(1)), 2 => (2..4_u64).prop_map(Some)];
    (price, uses).prop_map(|(price, uses)| Gate { price, uses })
}

fn route() -> impl Strategy<Value = Route> {
    let gates = (weighted(0.4, gate()), weighted(0.2, gate()), weighted(0.9, gate()))
        .prop_map(|(outer, inner, own)| [outer, inner, own]);
    // A verdict may stand at the scope which this gate does not take.
    let sold_once = (1..4_u64).prop_map(|sats| {
        let gate = |sats, uses| Some(Gate { price: Price::Sats(sats), uses });
        [gate(3, None), None, gate(sats, Some(1))]
    });
    (prop_oneof![5 => gates, 1 => sold_once], any::<bool>())
        .prop_map(|(gates, named)| Route { gates, named })
}

fn credential() -> impl Strategy<Value = Credential> {
    let back = || prop_oneof![4 => Just(0), 2 => Just(1), 1 => 2..6_usize];
    let caveat = prop_oneof![
        Just(Caveat::Unknown),
        Just(Caveat::Preimage),
        Just(Caveat::Expired),
        Just(Caveat::ThisPath),
        Just(Caveat::OtherPath),
        prop_oneof![Just(1), Just(1_000_000), 1..6_u64].prop_map(Caveat::Amount),
    ];
    let forged = prop_oneof![
        8 => Just(None),
        1 => Just(Some(Forged::Macaroon)),
        1 => Just(Some(Forged::Preimage)),
    ];
    let caveats = prop_oneof![5 => Just(Vec::new()), 2 => vec(caveat, 1..3)];
    prop_oneof![
        4 => Just(Credential::None),
        1 => Just(Credential::Garbage),
        14 => (back(), forged, caveats)
            .prop_map(|(back, forged, caveats)| Credential::Token { back, forged, caveats }),
        5 => (back(), prop_oneof![6 => Just(false), 1 => Just(true)])
            .prop_map(|(back, forged)| Credential::Mpp { back, forged }),
    ]
}

fn verify() -> impl Strategy<Value = Verify> {
    let lies =
        [Lie::Little, Lie::Much, Lie::OtherResource, Lie::NoAmount, Lie::NoResource].to_vec();
    let ill = prop_oneof![
        1 => select(vec![400, 401, 402, 404, 418, 429, 500, 502, 503]).prop_map(Verify::Status),
        1 => select(vec!["api_key_refused", "rate_limited", "unavailable"])
            .prop_map(Verify::Named),
        1 => Just(Verify::Hangs),
        1 => Just(Verify::Resets),
        1 => Just(Verify::BreaksOff),
        1 => Just(Verify::Garbage),
        2 => Just(Verify::SaysNo),
        4 => select(lies).prop_map(Verify::ReadsOut),
    ];
    prop_oneof![5 => Just(Verify::Well), 2 => ill]
}

fn mint() -> impl Strategy<Value = Mint> {
    let ill = prop_oneof![
        select(vec![400, 401, 402, 409, 429, 500, 503]).prop_map(Mint::Status),
        select(vec![
            "plan_volume_limit",
            "no_wallet",
            "idempotency_key_reuse",
            "rate_limited",
            "unavailable",
        ])
        .prop_map(Mint::Named),
        Just(Mint::Hangs),
        Just(Mint::Resets),
        Just(Mint::BreaksOff),
        Just(Mint::Garbage),
        Just(Mint::OtherPrice),
        Just(Mint::OtherResource),
        Just(Mint::Unprintable),
    ];
    prop_oneof![9 => Just(Mint::Well), 1 => ill]
}

fn event() -> impl Strategy<Value = Event> {
    let flags = (prop_oneof![3 => Just(false), 1 => Just(true)], any::<bool>());
    // Mostly the same, so that what was bought for a path is of use again.
    let number = prop_oneof![1 => Just(2), 1 => 0..6_u64];
    let request = (0..6_usize, number, credential(), verify(), mint(), flags).prop_map(
        |(route, number, credential, verify, mint, (handler_fails, pays))| {
            // Most go to the first.
            let route = route.saturating_sub(3);
            let request = Request { route, number, credential, verify, mint, handler_fails, pays };
            Event::Request(request)
        },
    );
    prop_oneof![
        30 => request,
        1 => (0..3_usize, 1..6_u64).prop_map(|(route, sats)| Event::SoldElsewhere { route, sats }),
        1 => Just(Event::Expiry),
    ]
}

/// A whole case: of three routes, and of so many requests that what was paid is used up.
pub(crate) fn case() -> impl Strategy<Value = (Settings, [Route; 3], Vec<Event>)> {
    (settings(), [route(), route(), route()], vec(event(), 5..21))
}
