//! What a function of a priced module makes, as the compiler knows it: `#[l402]` sees only a name.

use std::marker::PhantomData;

use actix_web::{Route, dev::HttpServiceFactory};

/// What an unmarked function of a priced module answers with.
///
/// A constant of its own is found before the one of the trait that all types have.
#[derive(Debug)]
pub struct Unmarked<T: ?Sized>(PhantomData<T>);

impl<T: Future + ?Sized> Unmarked<T> {
    /// Actix takes the function for a handler.
    pub const IS_FUTURE: bool = true;
}

impl<T: HttpServiceFactory + ?Sized> Unmarked<T> {
    /// The function brings handlers along.
    pub const IS_SERVICE: bool = true;
}

impl Unmarked<Route> {
    /// The function brings a handler along.
    pub const IS_ROUTE: bool = true;
}

/// An answer that is nothing to Actix, as far as the type itself says nothing else.
pub trait OtherAnswer {
    /// No future.
    const IS_FUTURE: bool = false;
    /// No service.
    const IS_SERVICE: bool = false;
    /// No route.
    const IS_ROUTE: bool = false;
}

impl<T: ?Sized> OtherAnswer for Unmarked<T> {}
