//! Text into HTML.

/// See [`PaywallPage::escape`](super::PaywallPage::escape).
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + text.len() / 8);
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            // One half of a line's end as Windows writes it; the other half stays.
            '\r' if chars.peek() == Some(&'\n') => {}
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' => escaped.push(char),
            char if char.is_control() => escaped.push(char::REPLACEMENT_CHARACTER),
            char => escaped.push(char),
        }
    }
    escaped
}

/// Puts `value(name)` in the place of each `{{name}}`. What is put in is not looked at again, so a
/// value that looks like a place stays what it is.
pub(super) fn fill(template: &str, value: impl Fn(&str) -> String) -> String {
    let mut filled = String::with_capacity(template.len() * 2);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{")
        && let Some((name, after)) = after.split_once("}}")
    {
        filled.push_str(before);
        filled.push_str(&value(name));
        rest = after;
    }
    filled.push_str(rest);
    filled
}

/// `1234567` -> `1,234,567`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() * 4 / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `2026-01-31T08:05:59.123Z` -> `2026-01-31 08:05 UTC`. Another form stays as it is.
pub(super) fn readable(time: &str) -> String {
    match (time.get(..10), time.get(10..11), time.get(11..16), time.ends_with('Z')) {
        (Some(date), Some("T"), Some(clock), true) => format!("{date} {clock} UTC"),
        _ => time.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_escaped_opens_a_tag_or_ends_an_attribute() {
        assert_eq!(
            escape("</script>\"'&\n<img onerror=x>"),
            "&lt;/script&gt;&quot;&#39;&amp;\n&lt;img onerror=x&gt;"
        );
        assert_eq!(escape("a\0b\r\u{85}\u{7f}"), "a\u{fffd}b\u{fffd}\u{fffd}\u{fffd}");
        assert_eq!(escape("caf\u{e9} \u{26a1}"), "caf\u{e9} \u{26a1}");
    }

    #[test]
    fn a_line_ends_in_one_character_however_it_was_written() {
        assert_eq!(escape("A\nB\r\nC\r\n"), "A\nB\nC\n");
        assert_eq!(escape("\r\r\n\r"), "\u{fffd}\n\u{fffd}");
    }

    #[test]
    fn what_is_filled_in_is_not_filled_again() {
        let filled = fill("<{{a}}|{{b}}>{{", |name| match name {
            "a" => "{{b}}".to_owned(),
            name => name.to_owned(),
        });
        assert_eq!(filled, "<{{b}}|b>{{");
    }

    #[test]
    fn numbers_and_times_are_written_for_people() {
        for (number, written) in [
            (1, "1"),
            (999, "999"),
            (1000, "1,000"),
            (100_000, "100,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(grouped(number), written);
        }
        assert_eq!(readable("2026-01-31T08:05:59.1234567Z"), "2026-01-31 08:05 UTC");
        for odd in ["", "soon", "2026-01-31T08:05:59+02:00", "\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}TZ"] {
            assert_eq!(readable(odd), odd);
        }
    }
}
