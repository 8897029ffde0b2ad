//! What is sold: the price of a request, what its token is bound to, and the words for it.
//!
//! In: what an attribute or a middleware and the config state, and the request.
//! Out: the price, the resource and the `Sale`; the question whether a token covers them.
//! Never: a credential that was presented, the broker, or a status that is answered.

mod fault;
mod function;
mod idempotency;
#[cfg(feature = "discovery")]
mod listed;
mod offer;
mod price;
mod question;
mod resource;
mod resource_by;
mod sale;
mod selectors;

pub(crate) use fault::{TermsFault, Unfit};
pub(crate) use function::Computed;
pub use function::Computes;
#[cfg(feature = "discovery")]
pub(crate) use listed::{Listing, refuse_unlisted};
pub(crate) use offer::GoodFor;
pub use offer::Offer;
pub use price::Price;
pub(crate) use price::Sats;
pub(crate) use question::{Question, Terms};
pub use resource_by::ResourceBy;
pub(crate) use sale::Sale;
pub(crate) use selectors::{Selectors, SharedFunction};
