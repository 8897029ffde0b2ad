//! How a request comes in: through a handler under `#[l402]`, or through the middleware.
//!
//! In: a request with its body unread.
//! Out: the handler's answer, once the gate has let the request in; else the gate's own.
//! Never: the decision itself, and the broker.

#[cfg(feature = "discovery")]
mod asked;
#[doc(hidden)]
pub mod attribute;
mod balance;
mod drawn;
mod entrance;
mod file_path;
mod forms;
mod middleware;
mod payment;
mod trial;
mod unmarked;

#[cfg(feature = "discovery")]
pub(crate) use asked::Asked;
#[cfg(feature = "discovery")]
pub(crate) use attribute::Gate;
pub use balance::NoBalance;
pub use file_path::{FilePath, NoFilePath};
#[cfg(feature = "discovery")]
pub(crate) use forms::PricedRoute;
pub use middleware::{RequirePayment, RequirePaymentService};
pub use payment::NoPayment;
