//! What a user writes into the attribute and over it, as traits: each exists for its message.

use actix_web::{FromRequest, HttpRequest, Responder, dev::Payload};

use crate::terms::{Computed, Computes, Offer, Price};

/// Methods and paths.
pub type Routes = &'static [(&'static str, &'static str)];

/// A gated handler that knows its routes, because its `#[l402]` stands above the route attribute.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be listed with its price",
    label = "no `#[l402]` above the route attribute",
    note = "write `#[l402(..)]` above `#[get(..)]`, not below it, so that it sees the path; register what is free with `PaidRoutes::free`"
)]
pub trait PricedRoute {
    /// What the route attributes state.
    const ROUTES: Routes;
    /// What the handler asks.
    const OFFER: &'static Offer<'static>;
}

/// `price_with` as a function, so that its argument's span is where an error is shown.
pub fn price_with<Form>(
    price: &impl Computes<Price, Form>,
    request: HttpRequest,
    body: Payload,
) -> Computed<Price> {
    price.compute(request, body)
}

/// `resource_with` as a function, for the same reason.
pub fn resource_with<Form>(
    resource: &impl Computes<String, Form>,
    request: HttpRequest,
    body: Payload,
) -> Computed<String> {
    resource.compute(request, body)
}

/// An argument that Actix can extract; exists for the message.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an extractor",
    label = "an argument of a handler must implement `FromRequest`",
    note = "an extractor is a type that Actix builds from the request, such as `web::Json<T>`, `web::Path<T>` or `HttpRequest`"
)]
pub trait Argument: FromRequest {}
#[diagnostic::do_not_recommend]
impl<T: FromRequest> Argument for T {}

/// An answer that Actix can send; exists for the message.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a responder",
    label = "a handler's answer must implement `Responder`",
    note = "a responder is a type that Actix turns into a response, such as `HttpResponse`, `web::Json<T>` or `&'static str`"
)]
pub trait Answer: Responder {}
#[diagnostic::do_not_recommend]
impl<T: Responder> Answer for T {}

/// Compiles if `T` can be an argument of a handler.
pub const fn argument<T: Argument>() {}
