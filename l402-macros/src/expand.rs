//! A handler and its terms -> the gated function.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Expr, Ident, ReturnType, parse_quote, spanned::Spanned as _};

use crate::{
    args::Args,
    handler::Handler,
    route::Route,
    values::{Amount, GoodFor, Price, Resource, Words},
};

/// ```text
/// #[get("/weather")]
/// async fn weather(gate: Gate) -> HttpResponse {
///     async fn weather(city: Path<String>) -> impl Responder { … }    // as it was written
///     const _: () = { … };                                            // PRICE is at least 1
///     argument::<Path<String>>();
///     gate.serve(const { &Offer::new().price_sats(PRICE as u64) }, gated(weather)).await
/// }
/// ```
/// With `extract_first` the types are named in what is done before:
/// ```text
///     gate.serve_after(async |trial: &mut Trial| {
///         Trial::argument::<Path<String>>(trial).await?;
///         Ok(())
///     }, const { &Offer::new() }, gated(weather)).await
/// ```
/// Above a route attribute, which makes a type of the handler's name, the terms are that type's:
/// ```text
/// impl PricedRoute for weather {
///     const ROUTES: … = &[("GET", "/weather")];
///     const OFFER: … = &Offer::new().price_sats(PRICE as u64);
/// }
/// ```
pub(crate) fn expand(args: &Args, handler: &Handler) -> TokenStream {
    let krate = args.krate().cloned().unwrap_or_else(|| parse_quote!(::l402_actix));
    let private = quote!(#krate::__private);
    let Handler { outer_attrs, vis, inner, .. } = handler;
    let (name, generics) = (&inner.sig.ident, &inner.sig.generics);
    let (parameters, arguments, where_clause) = generics.split_for_impl();
    let turbofish = arguments.as_turbofish();
    // An answer that is no responder is an error of this name: put it where the answer stands.
    let mut callee = name.clone();
    if let ReturnType::Type(_, ty) = &inner.sig.output {
        callee.set_span(ty.span());
    }
    // The user's code cannot name it. The prefix is for a handler called `gate`, which as an item
    // of the body would be found before an argument.
    let gate = Ident::new("__l402_gate", Span::mixed_site());

    let constant_checks = args.constants().map(constant_check);
    let offer = offer(&private, args);
    let (listing, offer) = listing(&private, handler, &offer);
    let types = || handler.argument_types();
    // The error of an argument that is no extractor, on that argument.
    let argument_checks =
        types().map(|ty| quote_spanned!(ty.span()=> #private::argument::<#ty>();));
    let handler = quote!(#private::gated(#callee #turbofish));
    let serve = if args.extract_first() {
        let trial = Ident::new("__l402_trial", Span::mixed_site());
        let types = types();
        quote! {
            serve_after(
                async |#trial: &mut #private::Trial| {
                    #(#trial.argument::<#types>().await?;)*
                    ::core::result::Result::Ok(())
                },
                #offer,
                #handler,
            )
        }
    } else {
        quote!(serve(#offer, #handler))
    };
    quote! {
        #(#outer_attrs)*
        #vis async fn #name #parameters (#gate: #private::Gate) -> #private::HttpResponse
        #where_clause
        {
            #inner
            #(#constant_checks)*
            #(#argument_checks)*
            #gate.#serve.await
        }
        #listing
    }
}

/// The item that lets the handler be listed with its path, and the terms as an expression. They
/// stand in one place, so that an error in them is one error.
fn listing(
    private: &TokenStream,
    handler: &Handler,
    offer: &TokenStream,
) -> (TokenStream, TokenStream) {
    if handler.routes.is_empty() || !cfg!(feature = "discovery") {
        return (TokenStream::new(), quote!(const { &#offer }));
    }
    let name = &handler.inner.sig.ident;
    let conditions = handler.outer_attrs.iter().filter(|attr| attr.path().is_ident("cfg"));
    let routes = handler.routes.iter().map(|Route { method, path }| quote!((#method, #path)));
    let listing = quote! {
        #(#conditions)*
        impl #private::PricedRoute for #name {
            const ROUTES: #private::Routes = &[#(#routes),*];
            const OFFER: &'static #private::Offer<'static> = &#offer;
        }
    };
    (listing, quote!(<#name as #private::PricedRoute>::OFFER))
}

/// A constant's value is the compiler's to know. Outside of the inline `const`, which in a generic
/// function nobody looks at before it is used.
fn constant_check((value, words): (&Expr, &Words)) -> TokenStream {
    let number = Ident::new("__l402_number", Span::mixed_site());
    let Words { zero, range, .. } = words;
    // On the value, so that the message points there. The sum of both checks is that the cast to
    // `u64` keeps the value, whichever integer type it has.
    let checks = quote_spanned! {value.span()=>
        ::core::assert!(#number >= 1, #zero);
        ::core::assert!(#number as ::core::primitive::u128 <= 0xffff_ffff_ffff_ffff, #range);
    };
    quote! {
        const _: () = {
            let #number = #value;
            #checks
        };
    }
}

fn amount(amount: &Amount) -> TokenStream {
    match amount {
        Amount::Literal(number) => quote!(#number),
        Amount::Constant(value, _) => {
            let value: Expr = parse_quote!((#value));
            quote!(#value as ::core::primitive::u64)
        }
    }
}

fn offer(private: &TokenStream, args: &Args) -> TokenStream {
    let request = Ident::new("__l402_request", Span::mixed_site());
    let body = Ident::new("__l402_body", Span::mixed_site());
    let price = args.price().map(|price| match price {
        Price::Sats(sats) => {
            let sats = amount(sats);
            quote!(.price_sats(#sats))
        }
        Price::With(path) => {
            let call = quote_spanned!(path.span()=> #private::price_with(&#path, #request, #body));
            quote!(.price_with(&|#request, #body| #call))
        }
    });
    let description = args.description().map(|text| quote!(.description(#text)));
    let resource = args.resource().map(|resource| match resource {
        Resource::Literal(text) => quote!(.resource(#text)),
        Resource::With(path) => {
            let call =
                quote_spanned!(path.span()=> #private::resource_with(&#path, #request, #body));
            quote!(.resource_with(&|#request, #body| #call))
        }
    });
    let good_for = args.good_for().map(|good_for| match good_for {
        GoodFor::Uses(uses) => {
            let uses = amount(uses);
            quote!(.uses(#uses))
        }
        GoodFor::Units { units, hold } => {
            let (units, hold) = (amount(units), amount(hold));
            quote!(.units(#units, #hold))
        }
    });
    quote!(#private::Offer::new() #price #description #resource #good_for)
}
