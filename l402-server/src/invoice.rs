//! What an invoice asks for, by the readable part that every BOLT11 invoice begins with.

/// A sat in the unit of what is compared here: a tenth of a thousandth of it, which is the smallest
/// step that an invoice can state.
const SAT: u128 = 10_000;

const BITCOIN: u128 = 100_000_000 * SAT;

/// Whether the invoice states an amount and it is another than this. What states none, or is no
/// BOLT11 invoice at all, is left to the payer's wallet.
///
/// `lnbc2500u1…`: `ln`, the network's letters, a number, a multiplier, and the last `1` of the text,
/// which ends the readable part.
pub(crate) fn states_another_amount(invoice: &str, sats: u64) -> bool {
    let lower = invoice.to_ascii_lowercase();
    let Some((readable, _)) = lower.rsplit_once('1') else { return false };
    let Some(after_ln) = readable.strip_prefix("ln") else { return false };
    let amount = after_ln.trim_start_matches(|char: char| char.is_ascii_alphabetic());
    if amount.is_empty() || amount.len() == after_ln.len() {
        return false;
    }
    stated(amount) != Some(u128::from(sats) * SAT)
}

/// `2500u` -> how much that is. `None` for what is no amount, or one that nobody has.
fn stated(amount: &str) -> Option<u128> {
    let digits = amount.trim_end_matches(|char: char| char.is_ascii_alphabetic());
    let unit = match &amount[digits.len()..] {
        "" => BITCOIN,
        "m" => BITCOIN / 1_000,
        "u" => BITCOIN / 1_000_000,
        "n" => BITCOIN / 1_000_000_000,
        "p" => BITCOIN / 1_000_000_000_000,
        _ => return None,
    };
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse::<u128>().ok().filter(|_| is_number)?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::states_another_amount;

    #[test]
    fn an_amount_is_read_in_each_unit_on_each_network() {
        for (readable, sats) in [
            ("lnbc2500u", 250_000),
            ("lnbc20m", 2_000_000),
            ("lnbcrt1u", 100),
            ("LNBCRT10N", 1),
            ("lntb1", 100_000_000),
            ("lntbs25m", 2_500_000),
            ("lnbc10000p", 1),
            ("lnbc1000000p", 100),
            ("lnbc967878534u", 96_787_853_400),
        ] {
            let invoice = format!("{readable}1pvjluezpp5qqqsyqcyq5rqwzqf");
            assert!(!states_another_amount(&invoice, sats), "{invoice}");
            assert!(states_another_amount(&invoice, sats + 1), "{invoice}");
            assert!(states_another_amount(&invoice, sats - 1), "{invoice}");
        }
    }

    #[test]
    fn a_part_of_a_sat_is_another_amount() {
        for readable in ["lnbc9999p", "lnbc10001p", "lnbc15n", "lnbc1p"] {
            assert!(states_another_amount(&format!("{readable}1pvjluez"), 1), "{readable}");
        }
    }

    #[test]
    fn an_amount_that_cannot_be_read_is_another_one() {
        let huge = format!("lnbc{}", "9".repeat(60));
        for readable in ["lnbc10x", "lnbc10mm", "lnbc1u0", &huge, "lnbc99999999999999999999999999m"]
        {
            assert!(states_another_amount(&format!("{readable}1pvjluez"), 100), "{readable}");
        }
    }

    #[test]
    fn where_no_amount_is_stated_nothing_is_said() {
        for invoice in ["lnbc1pvjluez", "lnbcrt1", "lno1qcp4256ypq", "", "1", "ln1", "bc1q", "lnbc"]
        {
            assert!(!states_another_amount(invoice, 100), "{invoice}");
        }
    }
}
