//! The 402 as a page: who gets it, with which headers, and what hostile words can do in it. What a
//! browser makes of it is tested in `interop/paywall`.

use actix_web::{HttpRequest, Responder, get, post, web};
use l402_actix::{L402Config, PaywallFacts, PaywallPage, RequirePayment, l402};
use l402_sandbox::{Fault, Sandbox};
use l402_tests::{Answer, Api, pay};

const BROWSER: &str =
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";
const HOSTILE: &str =
    "</script></style>\" onload='x' & <img src=x onerror=y> \u{202e} {{macaroon}}";

#[get("/article")]
#[l402(price_sats = 21_000, description = "An article")]
async fn article() -> impl Responder {
    "words"
}

#[post("/article")]
#[l402(price_sats = 5)]
async fn comment() -> impl Responder {
    "said"
}

#[get("/hostile/{words}")]
#[l402(price_sats = 1)]
async fn hostile() -> impl Responder {
    "survived"
}

struct Shop {
    api: Api,
    sandbox: Sandbox,
}

impl Shop {
    async fn open(settings: impl Fn(L402Config) -> L402Config) -> Self {
        let sandbox = Sandbox::start().await;
        let config = settings(L402Config::new(sandbox.client()));
        let api = Api::serve(move |app| {
            let members = web::scope("/members")
                .wrap(RequirePayment::sats(7).resource("members"))
                .default_service(web::to(|| async { "members only" }));
            app.app_data(config.clone())
                .service(article)
                .service(comment)
                .service(hostile)
                .service(members);
        })
        .await;
        Self { api, sandbox }
    }

    async fn with_page() -> Self {
        Self::open(|config| config.paywall_page(PaywallPage::new().title("The <Daily> Sat"))).await
    }

    async fn browse(&self, path: &str) -> Answer {
        Answer::to(self.api.get(path).header("Accept", BROWSER)).await
    }
}

/// The names of the headers that only one of the two has, and of those that differ.
fn differences(page: &Answer, json: &Answer) -> Vec<String> {
    let names = page.headers.keys().chain(json.headers.keys()).map(ToString::to_string);
    let mut names: Vec<String> = names.filter(|name| page.all(name) != json.all(name)).collect();
    names.sort();
    names.dedup();
    names
}

#[actix_web::test]
async fn without_the_switch_a_browser_gets_json() {
    let shop = Shop::open(|config| config).await;
    let answer = shop.browse("/article").await;
    assert_eq!(answer.status, 402);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("vary"), "Authorization");
}

#[actix_web::test]
async fn programs_get_json_and_both_forms_vary_with_accept() {
    let shop = Shop::with_page().await;
    for accept in ["*/*", "application/json", "text/html, */*", "text/html, application/json"] {
        let json = Answer::to(shop.api.get("/article").header("Accept", accept)).await;
        assert_eq!(json.status, 402);
        assert_eq!(json.header("content-type"), "application/json", "{accept}");
        assert_eq!(json.header("vary"), "Accept, Authorization", "{accept}");
        assert!(json.all("content-security-policy").is_empty());
        assert_eq!(json.json()["l402"]["amount_sats"], 21_000);
    }
    let page = shop.browse("/article").await;
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(page.header("vary"), "Accept, Authorization");
}

#[actix_web::test]
async fn the_page_has_the_status_and_the_headers_of_the_json() {
    // One key for both, and so one challenge.
    let shop = Shop::open(|config| {
        config.paywall_page(PaywallPage::new()).idempotency_key_with(|_| Some("one".to_owned()))
    })
    .await;
    for path in ["/article", "/members/page"] {
        let (page, json) = (shop.browse(path).await, shop.api.ask(path).await);
        assert_eq!((page.status, json.status), (402, 402));
        assert_eq!(page.header("www-authenticate"), json.header("www-authenticate"));
        assert_eq!(page.header("cache-control"), "no-store");
        let expected = [
            "content-length",
            "content-security-policy",
            "content-type",
            "referrer-policy",
            "x-content-type-options",
        ];
        let others = differences(&page, &json);
        let others: Vec<_> = others.iter().filter(|name| *name != "date").collect();
        assert_eq!(others, expected, "{path}");
        assert!(page.body.contains(json.json()["l402"]["invoice"].as_str().unwrap()));
    }
}

#[actix_web::test]
async fn the_policy_lets_the_pages_own_script_run_and_nothing_else() {
    let shop = Shop::with_page().await;
    let mut nonces = Vec::new();
    for _ in 0..2 {
        let page = shop.browse("/article").await;
        let policy = page.header("content-security-policy").to_owned();
        let (_, nonce) = policy.split_once("script-src 'nonce-").unwrap();
        let (nonce, _) = nonce.split_once('\'').unwrap();
        assert_eq!(nonce.len(), 32);
        assert_eq!(
            policy,
            format!(
                "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; \
                 img-src 'self' blob: data:; connect-src 'self'; base-uri 'none'; \
                 form-action 'none'; frame-ancestors 'none'"
            )
        );
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        // What carries the nonce is all there is, and nothing is loaded from elsewhere.
        assert_eq!(page.body.matches("<script").count(), 1);
        assert_eq!(page.body.matches("<style").count(), 1);
        assert_eq!(page.body.matches(&format!(" nonce=\"{nonce}\">")).count(), 2);
        assert!(!page.body.contains(" src="));
        assert!(!page.body.contains(" style="));
        let addresses = page.body.matches("://").count();
        assert_eq!(addresses, page.body.matches("\"http://www.w3.org/2000/svg\"").count());
        nonces.push(nonce.to_owned());
    }
    assert_ne!(nonces[0], nonces[1], "a nonce that repeats can be guessed");
}

#[actix_web::test]
async fn the_page_says_what_is_sold_and_what_it_costs() {
    let page = Shop::with_page().await.browse("/article").await;
    for expected in [
        "<title>The &lt;Daily&gt; Sat</title>",
        "<strong>21,000</strong> sats",
        "<bdi>An article</bdi>",
        "<bdi>/article</bdi>",
        "<svg class=\"qr\"",
        "href=\"lightning:lnbcrt",
        "data-header=\"Authorization\"",
        "data-sats=\"21000\"",
        "color-scheme: light dark",
        "Number(facts.sats)",
    ] {
        assert!(page.body.contains(expected), "{expected} in {}", page.body);
    }
    // What its script goes by.
    let data = |name: &str| {
        let (_, rest) = page.body.split_once(&format!("data-{name}=\"")).expect(name);
        rest.split_once('"').unwrap().0
    };
    let challenge = page.header("www-authenticate");
    for name in ["macaroon", "invoice"] {
        assert!(challenge.contains(&format!("{name}=\"{}\"", data(name))), "{name}");
    }
    assert_eq!(data("payment-hash").len(), 64);
    assert!(data("now-ms").parse::<u64>().unwrap() > 1_700_000_000_000);
    assert_eq!(data("cookie"), "false");
    let (day, _) = data("expires-at").split_once('T').unwrap();
    assert!(page.body.matches(day).count() >= 3, "for the script, for programs and in words");
    assert!(!page.body.contains("{{"), "a place was left empty");
}

#[actix_web::test]
async fn the_page_reloads_only_where_another_site_has_led_to_it_and_a_cookie_may_be_withheld() {
    let page = |config: L402Config| config.paywall_page(PaywallPage::new());
    let with_cookie = Shop::open(|config| page(config).credential_cookie(true)).await;
    let without = Shop::open(page).await;
    for (site, with) in [
        (Some("cross-site"), true),
        (Some("same-site"), true),
        (Some("same-origin"), false),
        (Some("none"), false),
        (None, false),
    ] {
        for (shop, withheld) in [(&with_cookie, with), (&without, false)] {
            let mut request = shop.api.get("/article").header("Accept", BROWSER);
            if let Some(site) = site {
                request = request.header("Sec-Fetch-Site", site);
            }
            let page = Answer::to(request).await;
            assert_eq!(page.status, 402);
            assert!(page.body.contains(&format!("data-withheld=\"{withheld}\"")), "{site:?}");
        }
    }
}

#[actix_web::test]
async fn hostile_words_stay_words() {
    let shop = Shop::open(|config| {
        config
            .paywall_page(PaywallPage::new())
            .description_with(|_| Some(HOSTILE.to_owned()))
            .resource_with(|_: &HttpRequest| format!("resource {HOSTILE}"))
    })
    .await;
    let page = shop.browse("/hostile/words").await;
    assert_eq!(page.status, 402);
    let words = "&lt;/script&gt;&lt;/style&gt;&quot; onload=&#39;x&#39; &amp; \
                 &lt;img src=x onerror=y&gt; \u{202e} {{macaroon}}";
    assert!(page.body.contains(&format!("<bdi>{words}</bdi>")), "{}", page.body);
    assert!(page.body.contains(&format!("<bdi>resource {words}</bdi>")));
    assert!(page.body.contains(&format!("data-resource=\"resource {words}\"")));
    assert!(!page.body.contains("<img") && !page.body.contains(HOSTILE));
    assert_eq!(page.body.matches("</script>").count(), 1);
}

#[actix_web::test]
async fn what_the_broker_says_is_escaped_too() {
    let shop = Shop::with_page().await;
    shop.sandbox.fault(Fault::edit(|reply| {
        reply["expiresAt"] = "\"><script>1</script>".into();
        reply["paymentHash"] = "'\"><b>".into();
        reply["invoice"] = "lnbcrt<script>'".into();
    }));
    let page = shop.browse("/article").await;
    assert_eq!(page.status, 402);
    assert_eq!(page.body.matches("<script").count(), 1, "{}", page.body);
    assert!(!page.body.contains("<b>"));
}

#[actix_web::test]
async fn an_invoice_too_long_for_a_code_is_still_there_as_text() {
    let shop = Shop::with_page().await;
    let long = "q".repeat(5000);
    let invoice = long.clone();
    shop.sandbox.fault(Fault::edit(move |reply| reply["invoice"] = invoice.clone().into()));
    let page = shop.browse("/article").await;
    assert_eq!(page.status, 402);
    assert!(!page.body.contains("<svg") && page.body.contains(&format!("value=\"{long}\"")));
}

#[actix_web::test]
async fn a_request_that_a_page_could_not_repeat_gets_json() {
    let shop = Shop::with_page().await;
    let request = shop.api.request(reqwest::Method::POST, "/article").header("Accept", BROWSER);
    let answer = Answer::to(request).await;
    assert_eq!(answer.status, 402);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("vary"), "Authorization");
}

#[actix_web::test]
async fn a_refusal_is_never_a_page_and_a_failure_asks_a_browser_for_no_money() {
    let shop = Shop::with_page().await;
    let request = shop.api.get("/article").header("Accept", BROWSER);
    let refused = Answer::to(request.header("Authorization", "L402 AgEL:00")).await;
    assert_eq!(refused.status, 401);
    assert_eq!(refused.header("content-type"), "application/json");
    shop.sandbox.fault(Fault::status(500));
    let failed = shop.browse("/article").await;
    assert_eq!(failed.status, 502);
    assert!(!failed.body.contains("lnbcrt") && !failed.body.contains("<html"), "{}", failed.body);
    shop.sandbox.fault(Fault::edit(|reply| reply["macaroon"] = "a\"b".into()));
    assert_eq!(shop.browse("/article").await.status, 502);
}

#[actix_web::test]
async fn what_the_page_buys_opens_the_route() {
    let shop = Shop::with_page().await;
    for (path, body) in [("/article", "words"), ("/members/page", "members only")] {
        let page = shop.browse(path).await;
        assert_eq!(page.status, 402);
        assert!(page.body.starts_with("<!doctype html>"), "{path}");
        let credential = pay(&shop.sandbox, &page.headers);
        let request = shop.api.get(path).header("Accept", BROWSER);
        let answer = Answer::to(request.header("Authorization", credential)).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, body));
    }
}

#[actix_web::test]
async fn the_page_presents_the_credential_in_the_merchants_own_header() {
    let header = actix_web::http::header::HeaderName::from_static("x-l402");
    let shop = Shop::open(move |config| {
        config.paywall_page(PaywallPage::new()).credential_header(header.clone())
    })
    .await;
    let page = shop.browse("/article").await;
    assert!(page.body.contains("data-header=\"x-l402\""));
    let credential = pay(&shop.sandbox, &page.headers);
    let answer = Answer::to(shop.api.get("/article").header("X-L402", credential)).await;
    assert_eq!(answer.status, 200);
}

#[actix_web::test]
async fn a_template_of_the_merchants_takes_the_pages_place() {
    fn template(facts: &PaywallFacts<'_>) -> String {
        if facts.price_sats == 7 {
            return facts.standard_page();
        }
        format!(
            "<style nonce=\"{}\"></style>{} {:?} {} {}",
            facts.nonce,
            facts.price_sats,
            facts.description.map(PaywallPage::escape),
            facts.payment_hash.len(),
            facts.qr_svg().is_some()
        )
    }
    let shop = Shop::open(|config| {
        config
            .paywall_page(PaywallPage::new().template(template))
            .description_with(|_| Some("<&>".to_owned()))
    })
    .await;
    let page = shop.browse("/hostile/x").await;
    assert_eq!(page.status, 402);
    let (style, rest) = page.body.split_once("</style>").unwrap();
    assert_eq!(rest, "1 Some(\"&lt;&amp;&gt;\") 64 true");
    let nonce = style.trim_start_matches("<style nonce=\"").trim_end_matches("\">");
    assert!(
        page.header("content-security-policy")
            .contains(&format!("style-src 'self' 'nonce-{nonce}'"))
    );
    assert!(shop.browse("/members/page").await.body.starts_with("<!doctype html>"));
}
