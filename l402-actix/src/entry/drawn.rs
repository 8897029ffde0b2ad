//! An answer whose request holds a balance: what it costs is written down before it is sent.

use actix_web::{
    HttpResponse,
    body::{BoxBody, MessageBody as _},
    http::{
        Method, StatusCode,
        header::{HeaderMap, LOCATION, REFRESH, SET_COOKIE},
    },
};

use crate::{
    answer::{Refusal, Standing},
    balance::{Ending, Hold, Kind, Metered},
    config::L402Config,
};

/// In the extensions of an answer before which no handler was called: the gate's own, or an extractor's
/// error. A scope around draws nothing for it.
#[derive(Debug)]
pub(super) struct NotServed;

impl NotServed {
    pub(super) fn mark<B>(response: &mut HttpResponse<B>) {
        response.extensions_mut().insert(Self);
    }

    pub(super) fn is<B>(response: &HttpResponse<B>) -> bool {
        response.extensions().get::<Self>().is_some()
    }
}

/// Without a config there is no hold.
const ALWAYS: fn(StatusCode) -> bool = |_| true;

/// Whether an answer says how things are and hands out nothing: one to `HEAD` without its body, or
/// 304. What stands in a `Location`, as a link that is signed, or in a cookie may be all that is sold,
/// and a `HEAD` that redirects or fails says all that a `GET` would.
pub(super) fn is_bare(method: &Method, status: StatusCode, headers: &HeaderMap) -> bool {
    let has_no_body =
        status == StatusCode::NOT_MODIFIED || method == Method::HEAD && status.as_u16() < 300;
    has_no_body && ![LOCATION, REFRESH, SET_COOKIE].iter().any(|name| headers.contains_key(name))
}

/// `counts` is whether the route counts its payments; else nobody has to be told what is left.
pub(super) async fn drawn(
    hold: Hold,
    method: &Method,
    response: HttpResponse,
    config: Option<&L402Config>,
    counts: bool,
) -> Result<HttpResponse, Refusal> {
    let balance = hold.balance();
    let status = response.status();
    let (response, body) = response.into_parts();
    let (body, streams) = match body.try_into_bytes() {
        Ok(bytes) => (BoxBody::new(bytes), false),
        Err(body) => (body, balance.kind() == Kind::Units),
    };
    let draw_on = config.map_or(ALWAYS, |config| config.balance.draw_on);
    let mut body = Some(body);
    let is_bare = is_bare(method, status, response.headers());
    let ending = Ending { status, is_bare, streams, draw_on };
    if let Some(hold) = hold.answered(ending).await? {
        let answer_is_good = status.as_u16() < 400 && !is_bare;
        body = body.map(|body| BoxBody::new(Metered::new(body, hold, answer_is_good)));
    }
    let mut response = response.set_body(body.unwrap_or_else(|| BoxBody::new(())));
    if counts {
        Standing::of(&balance).write(response.headers_mut());
    }
    Ok(response)
}
