//! Labels: a client must not be able to make series, and nothing in them is a secret.

use std::collections::BTreeSet;

use super::{Shop, recorder::rendered};

fn series() -> BTreeSet<String> {
    let name = |line: &str| line.rsplit_once(' ').map(|(series, _)| series.to_owned());
    rendered().lines().filter(|line| line.starts_with("l402_")).filter_map(name).collect()
}

#[actix_web::test]
async fn hostile_paths_credentials_and_methods_make_no_series() {
    let shop = Shop::open().await;
    let storm = async |word: &str| {
        for path in [
            format!("/weather/{word}"),
            format!("/scope/{word}"),
            format!("/scope/{word}/{word}"),
            format!("/scope/inner?{word}"),
            format!("/priced?{word}"),
            format!("/scope/%22%7D%20{word}"),
        ] {
            assert_eq!(shop.ask(&path).await.status, 402, "{path}");
            shop.ask_with(&path, &format!("L402 {word}:{word}")).await;
            shop.ask_with(&path, &format!("{word} {word}")).await;
            let method = reqwest::Method::from_bytes(word.as_bytes()).unwrap();
            shop.api.request(method, &path).send().await.unwrap();
        }
    };
    storm("first").await;
    let known = series();
    for word in ["second", "third", "outcome", "reason"] {
        storm(word).await;
    }
    assert_eq!(series(), known);
    let other = "l402_challenges_total{route=\"other\",reason=\"no_credential\"}";
    assert!(known.contains(other), "{known:?}");
    assert!(!rendered().contains("first"), "and no word of a client's is in one");
}

#[actix_web::test]
async fn every_figure_is_described() {
    let shop = Shop::open().await;
    let credential = shop.buy("/weather/rome").await;
    shop.ask_with("/weather/rome", &credential).await;
    let rendered = rendered();
    for name in ["l402_challenges_total", "l402_payment_sats_total", "l402_broker_call_seconds"] {
        assert!(rendered.contains(&format!("# HELP {name} ")), "{name}: {rendered}");
    }
}

/// The rows of the guide's tables of these columns, as their first cells.
fn first_cells(header: &str) -> BTreeSet<String> {
    let guide = include_str!("../../../l402-actix/src/guide/observability.rs");
    let (_, rows) = guide.split_once(header).unwrap();
    let rows = rows.lines().skip(2).map_while(|line| line.strip_prefix("//! | `"));
    rows.filter_map(|row| Some(row.split_once('`')?.0.to_owned())).collect()
}

#[actix_web::test]
async fn the_guide_names_each_figure_and_no_other() {
    let shop = Shop::open().await;
    let credential = shop.buy("/weather/rome").await;
    shop.ask_with("/weather/rome", &credential).await;
    shop.ask("/priced?free").await;
    shop.ask("/priced?gone").await;
    let rendered = rendered();
    let exported = rendered.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let exported = exported.filter_map(|line| Some(line.split_once(' ')?.0.to_owned()));
    assert_eq!(exported.collect::<BTreeSet<_>>(), first_cells("| name | labels |"));
}
