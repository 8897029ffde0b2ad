//! What a gated route reads and answers: statuses, headers and bodies.
//!
//! For whoever writes a client, or looks at the traffic. A handler needs none of it.
//!
//! # The 402
//!
//! ```text
//! HTTP/1.1 402 Payment Required
//! WWW-Authenticate: L402 macaroon="<M>", invoice="<I>", version="0", token="<M>"
//! Cache-Control: no-store
//! Content-Type: application/json
//!
//! {"error": "Payment Required",
//!  "l402": {"macaroon": M, "invoice": I, "amount_sats": 100, "payment_hash": H,
//!           "expires_at": T, "resource": "/forecast/berlin"},
//!  "macaroon": M, "invoice": I, "price_sats": 100, "amountSats": 100, "paymentHash": H}
//! ```
//!
//! | word | what it is |
//! | --- | --- |
//! | macaroon | the token: base64, to be sent back unchanged. It is worth nothing until the invoice is paid |
//! | invoice | a Lightning invoice (BOLT11). A wallet that pays it learns the preimage |
//! | preimage | 32 random bytes whose SHA-256 is the payment hash: the receipt, in hexadecimal |
//! | payment hash | the name of the payment, for your books |
//! | `expires_at` | when the invoice can no longer be paid: ten minutes after it was made, by the broker's default |
//! | `resource` | what the token opens |
//!
//! The members outside of `l402` repeat it for clients that read only there. A route that sells a
//! pack also states `uses` or `units` in `l402`. With [MPP](super::mpp) a second `WWW-Authenticate`
//! line offers the same invoice in the `Payment` scheme.
//!
//! # The credential
//!
//! ```text
//! Authorization: L402 <macaroon>:<preimage>
//! ```
//!
//! - The scheme may be in any case, and `LSAT`, the protocol's former name, is read too.
//! - Several `Authorization` lines may be sent, such as a `Bearer` beside it. The header of
//!   [`credential_header`](crate::L402Config::credential_header) is looked at first.
//! - The preimage may be in hexadecimal or, as LND's REST interface gives it, in base64.
//! - A credential is at most 8 KiB of visible ASCII. What is longer counts as none.
//! - One credential holds one token.
//!
//! # All answers
//!
//! | situation | status |
//! | --- | --- |
//! | no credential, or one that is not shaped like one | 402 with an invoice |
//! | a verified credential, or [`Price::FREE`](crate::Price::FREE) | your handler's answer |
//! | a credential that is not genuine, or that the broker cannot read | 401, or what [`OnInvalidToken`](crate::OnInvalidToken) says |
//! | several tokens in one credential | 401 |
//! | a genuine token that was bought for something else, or for less than the price now | 402 with a new invoice |
//! | a token that was good and has expired | 402 with a new invoice |
//! | a token whose answers or units are used up | 402 with a new invoice |
//! | another request holds what is left of the token | 409 with `Retry-After` |
//! | too little is left of it for what this request turns out to cost | 409 without: ask for less, or without the token for another one |
//! | an error of your `price_with` or `resource_with`, of their extractors, or of one under `extract_first` | that error; nothing is charged |
//! | a client that has asked for much and paid for nothing, or is over [its own limit](crate::ClientIdentity::calls_per_minute); a payer that asks more than its share | 429 with `Retry-After` |
//! | the broker cannot be reached, refuses the API key or the plan, or answers nonsense | 502 |
//! | the account's minute of broker calls is used up, or what strangers may use of it ([budget](crate::L402Config::broker_budget)) | 503 with `Retry-After` |
//! | the broker is over its rate limit or away for a while; the store of balances is away or full | 503 with `Retry-After` |
//! | the broker does not answer within the client's timeout | 504 |
//! | a resource of more than 1 KiB; one from a function that is blank, or with control characters | 414; 400 |
//! | a body that is longer than [`body_limit`](crate::L402Config::body_limit), where it is read before the payment | 413 |
//! | no config, two kinds of config, no price, a price of 0 | 500 |
//! | `OPTIONS`, where your routing lets it through | 204, free of charge, without your handler |
//!
//! A failure never asks for payment. Its body is `{"error": …, "message": …}` and tells a client that
//! has paid to keep the credential. What the broker said is in the log, not in the body.
//! `Retry-After` is at most an hour, and at most five minutes for somebody who has sent a credential.
//!
//! # The 401
//!
//! ```text
//! HTTP/1.1 401 Unauthorized
//! WWW-Authenticate: L402 error="invalid_token"
//!
//! {"error": "Unauthorized", "message": "Invalid L402 credential."}
//! ```
//!
//! It carries no macaroon and no invoice: some clients pay an invoice on any status.
//!
//! # Receipts
//!
//! The answer to a payment that was verified for this very request carries a receipt, which payers'
//! programs hand to their users:
//!
//! ```text
//! Payment-Receipt: <base64url of {"method":"lightning","reference":H,"status":"success","timestamp":T}>
//! ```
//!
//! `reference` is the payment hash, never the preimage. For an MPP payment it also has the
//! `challengeId`. There is none on an error, and none with
//! [`shared_cache`](crate::L402Config::shared_cache).
//!
//! # What is left of a pack
//!
//! On a route with `uses` or `units` each answer to a token says what is left:
//!
//! ```text
//! RateLimit-Policy: "uses";q=50
//! RateLimit: "uses";r=49
//! ```
//!
//! With `units` the word is `"units"`. `q` is what one payment buys and `r` is what is left of it. There
//! is no window, since a balance does not fill up again. An answer that streams has the number as it was when it began.
//!
//! # Caches
//!
//! Every answer of a gated route is `Cache-Control: private` and varies with `Authorization`. The
//! gate's own 401, 402 and 5xx are `no-store`. So no cache that others read keeps what one client has
//! paid for.
