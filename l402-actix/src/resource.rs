//! What a token is bound to.

use actix_web::HttpRequest;

use crate::{__private::Offer, error::Refusal};

/// The longest resource that is minted for: a macaroon carries it as a caveat, and a credential
/// must fit into one header.
const MAX_RESOURCE_BYTES: usize = 1024;

/// The attribute's resource, else the request's full path, without its query. The same at mint and
/// at verify, so whatever was bought can be presented.
pub(crate) fn resource<'a>(request: &'a HttpRequest, offer: &Offer) -> Result<&'a str, Refusal> {
    let resource = offer.resource.unwrap_or_else(|| request.path());
    if resource.len() > MAX_RESOURCE_BYTES {
        return Err(Refusal::ResourceTooLong);
    }
    Ok(resource)
}
