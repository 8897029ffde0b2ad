//! An invoice -> a QR code that wallets and cameras read.

use std::fmt::Write as _;

use qrcodegen::{QrCode, QrCodeEcc};

/// The empty border that scanners need, in modules: four, by the standard.
const QUIET_ZONE: i32 = 4;

/// The invoice as an SVG element without a size of its own. `None` if it is too long for a code,
/// which no payable invoice is.
///
/// Capitals make the code markedly smaller, since it has a mode for them, and BOLT11 reads both;
/// the scheme lets a phone's camera open the wallet.
pub(super) fn svg(invoice: &str) -> Option<String> {
    let text = format!("LIGHTNING:{}", invoice.to_ascii_uppercase());
    // A screen has no dirt and no folds: large modules serve better than redundancy.
    let code = QrCode::encode_text(&text, QrCodeEcc::Low).ok()?;
    let size = code.size() + 2 * QUIET_ZONE;
    let mut path = String::new();
    for y in 0..code.size() {
        let mut x = 0;
        while x < code.size() {
            let run = (x..code.size()).take_while(|x| code.get_module(*x, y)).count();
            if run > 0 {
                let _ = write!(path, "M{},{}h{run}v1h-{run}z", x + QUIET_ZONE, y + QUIET_ZONE);
            }
            x += i32::try_from(run).ok()? + 1;
        }
    }
    // Dark on white whatever the page's colours are: many scanners read no inverted codes.
    Some(format!(
        "<svg class=\"qr\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {size} {size}\" \
         role=\"img\" aria-label=\"QR code of the Lightning invoice\" \
         shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0,0h{size}v{size}H0z\"/>\
         <path fill=\"#000\" d=\"{path}\"/></svg>"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `Mx,yhNv1h-Nz` -> the dark modules of a row that it covers.
    fn runs(path: &str) -> Vec<(i32, i32, i32)> {
        let run = |step: &str| {
            let (x, rest) = step.split_once(',')?;
            let (y, rest) = rest.split_once('h')?;
            let (run, rest) = rest.split_once('v')?;
            assert_eq!(rest, format!("1h-{run}z"));
            Some((x.parse().ok()?, y.parse().ok()?, run.parse().ok()?))
        };
        path.split('M').skip(1).map(|step| run(step).expect("a run")).collect()
    }

    #[test]
    fn what_is_drawn_is_the_code_within_its_border_and_each_run_once() {
        let drawn = svg("lnbcrt1qqqsyqcyq5rqwzqf").expect("a code");
        let (_, path) = drawn.split_once("fill=\"#000\" d=\"").expect("the dark path");
        let runs = runs(path.split_once('"').expect("its end").0);
        let code = QrCode::encode_text("LIGHTNING:LNBCRT1QQQSYQCYQ5RQWZQF", QrCodeEcc::Low);
        let code = code.expect("a code");
        let covers = |x, y| {
            runs.iter()
                .filter(|(left, top, run)| *top == y && (*left..left + run).contains(&x))
                .count()
        };
        for y in 0..code.size() + 2 * QUIET_ZONE {
            for x in 0..code.size() + 2 * QUIET_ZONE {
                let is_dark = code.get_module(x - QUIET_ZONE, y - QUIET_ZONE);
                assert_eq!(covers(x, y), usize::from(is_dark), "{x},{y}");
            }
        }
        assert!(runs.iter().all(|(.., run)| *run > 0), "no empty run");
    }

    #[test]
    fn an_invoice_is_drawn_and_what_no_code_holds_is_not() {
        let drawn = svg(&format!("lnbcrt1{}", "q".repeat(300))).expect("a code");
        assert!(drawn.starts_with("<svg") && drawn.ends_with("</svg>"), "{drawn}");
        assert!(drawn.contains("viewBox=\"0 0 61 61\""), "{drawn:.200}");
        assert!(svg(&"q".repeat(5000)).is_none());
    }
}
