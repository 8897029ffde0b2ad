//! The shop that the browser suite visits: pages of each kind, behind the paywall page, with hostile
//! words and handlers that misbehave. Prints where it listens and where its wallet is.

use std::{
    error::Error,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use actix_files::NamedFile;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, Responder, get, post, web};
use l402_actix::{L402Config, OnInvalidToken, PaywallPage, Price, RequirePayment, l402};
use l402_sandbox::{Endpoint, Fault, Sandbox};

const LOGO: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><rect width="40" height="40" fill="#f80"/></svg>"##;

#[get("/article")]
#[l402(price_sats = 2100, description = "How a bill is paid in a second, an essay of 12 minutes")]
async fn article() -> impl Responder {
    web::Html::new(
        r#"<!doctype html><title>The article</title>
        <style>h1 { color: rgb(1, 2, 3) }</style>
        <h1>A bill, paid</h1><p style="text-indent: 7px">Words.</p>
        <img src="/logo.svg" alt="Logo"><a href="/free">More</a>
        <script>parent.document.title = 'the script ran'</script>
        <img src="none" onerror="parent.document.title = 'the handler ran'">"#,
    )
}

#[get("/data")]
#[l402(price_sats = 1)]
async fn data() -> impl Responder {
    HttpResponse::Ok().content_type("application/json").body(r#"{"big":12345678901234567890}"#)
}

#[get("/text")]
#[l402(price_sats = 2)]
async fn text() -> impl Responder {
    HttpResponse::Ok()
        .content_type("text/plain; charset=iso-8859-1")
        .body(&b"caf\xe9 <script>document.title = 'the script ran'</script>"[..])
}

#[get("/picture")]
#[l402(price_sats = 3)]
async fn picture() -> impl Responder {
    let scripted =
        LOGO.replace("<rect", "<script>top.document.title = 'the script ran'</script><rect");
    HttpResponse::Ok().content_type("image/svg+xml").body(scripted)
}

#[get("/file.pdf")]
#[l402(price_sats = 4)]
async fn file() -> impl Responder {
    HttpResponse::Ok().content_type("application/pdf").body("%PDF-1.4 of a kind")
}

/// Fails once after it was paid for.
#[get("/flaky")]
#[l402(price_sats = 5)]
async fn flaky() -> impl Responder {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    match CALLS.fetch_add(1, Ordering::SeqCst) {
        0 => HttpResponse::ServiceUnavailable().body("the shop is on fire"),
        _ => HttpResponse::Ok().content_type("text/plain").body("the fire is out"),
    }
}

/// Costs more each time it is looked at, so what was just paid is never enough.
async fn ever_dearer(_: HttpRequest) -> Result<Price, actix_web::Error> {
    static SATS: AtomicU64 = AtomicU64::new(1);
    Ok(Price::sats(SATS.fetch_add(1, Ordering::SeqCst)))
}

#[get("/dearer")]
#[l402(price_with = ever_dearer)]
async fn dearer() -> impl Responder {
    "never"
}

#[get("/hostile/{which}")]
#[l402(price_sats = 1_234_567)]
async fn hostile() -> impl Responder {
    "survived"
}

/// The request's last segment -> words that no merchant would choose.
fn description(request: &HttpRequest) -> Option<String> {
    Some(match request.match_info().get("which")? {
        "script" => "</script><script>document.title = 'the script ran'</script>".to_owned(),
        "quotes" => {
            r#"" onmouseover="document.title='the handler ran'" x=' autofocus onfocus=' & "#
                .to_owned()
        }
        "image" => "<img src=x onerror=\"document.title='the handler ran'\"><b>bold</b>".to_owned(),
        "override" => "Pay \u{202e}stas 1 ylno\u{202c} \u{202e}never closed".to_owned(),
        "places" => "{{macaroon}} {{script}} ${facts.macaroon}".to_owned(),
        // An invoice holds no more than 639 bytes of description.
        "long" => "word ".repeat(127),
        "wide" => "w".repeat(639),
        _ => return None,
    })
}

#[get("/brief")]
#[l402(price_sats = 6, description = "An invoice that lives for some seconds")]
async fn brief() -> impl Responder {
    "brief"
}

/// For the broker to be told to doubt what it has sold.
#[get("/doubted")]
#[l402(price_sats = 7)]
async fn doubted() -> impl Responder {
    "beyond doubt"
}

/// Lets the broker refuse the next good token.
#[post("/doubt")]
async fn doubt(broker: web::Data<Sandbox>) -> impl Responder {
    broker.fault(Fault::edit(|reply| reply["valid"] = false.into()).on(Endpoint::Verify));
    HttpResponse::NoContent()
}

#[get("/free")]
async fn free() -> impl Responder {
    web::Html::new("<!doctype html><title>Free</title><p>Nothing to pay.</p>")
}

#[get("/logo.svg")]
async fn logo() -> impl Responder {
    HttpResponse::Ok().content_type("image/svg+xml").body(LOGO)
}

#[post("/article")]
#[l402(price_sats = 8)]
async fn order() -> impl Responder {
    "ordered"
}

/// A page whose parts are gated each for itself, as one purchase.
#[get("/gallery")]
#[l402(price_sats = 12, resource = "gallery")]
async fn gallery() -> impl Responder {
    web::Html::new(
        r#"<!doctype html><title>The gallery</title><h1>Gallery</h1>
        <img id="image" src="/kept/gallery/image.svg" alt="Logo">
        <video id="film" src="/kept/gallery/film.webm" preload="auto" muted></video>
        <a id="file" href="/kept/gallery/file.pdf" download>File</a>
        <script>
          const seen = window.seen = {};
          new EventSource('/kept/gallery/events').onmessage = (event) => { seen.event = event.data; };
          const socket = new WebSocket(location.origin.replace('http', 'ws') + '/kept/gallery/socket');
          socket.onmessage = (message) => { seen.socket = message.data; };
        </script>"#,
    )
}

#[get("/gallery/image.svg")]
#[l402(price_sats = 12, resource = "gallery")]
async fn gallery_image() -> impl Responder {
    HttpResponse::Ok().content_type("image/svg+xml").body(LOGO)
}

#[get("/gallery/file.pdf")]
#[l402(price_sats = 12, resource = "gallery")]
async fn gallery_file() -> impl Responder {
    HttpResponse::Ok().content_type("application/pdf").body("%PDF-1.4 of a gallery")
}

/// Two seconds of a test card, in the parts that a browser asks for.
#[get("/gallery/film.webm")]
#[l402(price_sats = 12, resource = "gallery")]
async fn gallery_film() -> std::io::Result<NamedFile> {
    NamedFile::open(concat!(env!("CARGO_MANIFEST_DIR"), "/interop/paywall/film.webm"))
}

#[get("/gallery/events")]
#[l402(price_sats = 12, resource = "gallery")]
async fn gallery_events() -> impl Responder {
    HttpResponse::Ok().content_type("text/event-stream").body("data: paid for\n\n")
}

#[get("/gallery/socket")]
#[l402(price_sats = 12, resource = "gallery")]
async fn gallery_socket(
    request: HttpRequest,
    body: web::Payload,
) -> Result<HttpResponse, actix_web::Error> {
    let (response, mut session, _) = actix_ws::handle(&request, body)?;
    actix_web::rt::spawn(async move {
        let _ = session.text("paid for").await;
        let _ = session.close(None).await;
    });
    Ok(response)
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let sandbox = web::Data::new(Sandbox::start().await);
    let hasty = Sandbox::builder().invoice_lifetime(Duration::from_secs(4)).start().await?;
    let page = PaywallPage::new().title("The Daily Sat");
    // The suite comes more often in a minute than the broker allows.
    let config =
        l402_tests::config(sandbox.client()).paywall_page(page).description_with(description);
    let asking_again = config.clone().on_invalid_token(OnInvalidToken::Rechallenge);
    let broker = sandbox.clone();
    let keeping = config.clone().credential_cookie(true);
    let brief_config = L402Config::new(hasty.client()).paywall_page(PaywallPage::new());
    let server = HttpServer::new(move || {
        App::new()
            .app_data(config.clone())
            .service(article)
            .service(order)
            .service(data)
            .service(text)
            .service(picture)
            .service(file)
            .service(flaky)
            .service(dearer)
            .service(hostile)
            .service(free)
            .service(
                web::scope("/kept")
                    .app_data(keeping.clone())
                    .service(gallery)
                    .service(gallery_image)
                    .service(gallery_file)
                    .service(gallery_film)
                    .service(gallery_events)
                    .service(gallery_socket),
            )
            .service(logo)
            .service(web::scope("/hasty").app_data(brief_config.clone()).service(brief))
            .app_data(broker.clone())
            .service(doubt)
            .service(web::scope("/401").service(doubted))
            .service(web::scope("/402").app_data(asking_again.clone()).service(doubted))
            .service(
                // As part of an address, and not as one of its own, this names another host.
                web::resource("//host.invalid/page")
                    .wrap(RequirePayment::sats(9))
                    .to(|| async { "from this host" }),
            )
            .service(
                web::scope("/members")
                    .wrap(
                        RequirePayment::sats(7)
                            .resource("members")
                            .description("All members' pages"),
                    )
                    .default_service(web::to(|| async { "members only" })),
            )
    })
    .workers(1)
    .bind(("127.0.0.1", 0))?;
    println!("api http://{}", server.addrs()[0]);
    println!("wallet {}", sandbox.url());
    Ok(server.run().await?)
}
