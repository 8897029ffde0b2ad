//! A function of the merchant's, kept in a setting.

use std::{fmt, future::Future, pin::Pin, sync::Arc};

use actix_web::HttpRequest;

use crate::payment::{Payment, Route};

/// Reads a text off a request, if it has one.
pub(crate) type TextWith = dyn Fn(&HttpRequest) -> Option<String> + Send + Sync;

/// Is told of a payment.
pub(crate) type OnPayment =
    Hook<dyn Fn(Payment, Route) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// A function of the merchant's. Only `Debug` makes it more than its `Arc`.
pub(crate) struct Hook<F: ?Sized>(pub(crate) Arc<F>);

impl<F: ?Sized> Clone for Hook<F> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<F: ?Sized> fmt::Debug for Hook<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hook")
    }
}
