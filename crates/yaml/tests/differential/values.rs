//! Values that are hard to print.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Number, Value};

/// Text that looks like another type, or starts like syntax.
pub(crate) const TRAPS: &[&str] = &[
    "", "y", "Y", "yes", "No", "on", "OFF", "n", "~", "null", "Null", "NULL", "true", "True", "FALSE", "tRue", "<<", "=",
    "-", "--", "---", "----", "...", "....", "--- a", "... b", "- a", "? a", ": a", "-a", "?a", ":a", "a:", "a: b", "a:b",
    "a #b", "a# b", "#a", "a\t#b", "@a", "`a", "%a", "!a", "!!str", "&a", "*a", "|", ">", "|-", "'", "\"", "'a'", "\"a\"",
    "a'b", "a\"b", "[", "]", "{", "}", "[]", "{}", "[a]", "{a: b}", ",", "a,b", "a, b", "a]", "a}", "0", "-0", "+0", "00", "007", "0o7",
    "0O7", "-0o7", "0o8", "08", "09.5", "0x1F", "0X1f", "-0x1", "0xg", "0b101", "0b-1", "0o-1", "0B1", "1_000", "_1", "1_", "1__0",
    "1.0", "1.", ".5", "-.5", "+.5", ".", "..", "1e3", "1E+3", "1e", "1e400", "-1e400", ".5e1", "._5", ".0_5", ".5_", ".5e1_0", "1.5e-7", "12e03", "0.1e1_0",
    "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "18446744073709551615",
    "18446744073709551616", ".inf", "-.Inf", "+.INF", ".iNf", ".nan", ".NaN", "+.nan", "inf", "nan", "Infinity", "12:30", "12:30:45", "1:60",
    "190:20:30.15", "-1:2", "1:2.", "1_0:2", "a:30", "2020-01-01", "2020-1-2", "2020-13-01", "2023-02-29", "2020-01-01T00:00:00Z",
    "2020-01-01 00:00:00", "2020-01-01t1:2:3.50+01:00", "2020-01-01 01:02:03 +02:00", "2020-01-01T24:00:00Z", "2020", "2020-01", "a\u{a0}b",
    "é", "日本語", "\u{1f600}", "a\u{1f600}b", "\u{feff}", "\u{feff}abc", "a\u{feff}b", "\u{85}", "a\u{85}b", "\u{2028}", "a\u{2028}b",
    "a \u{2028}b", "a\u{2029} b", "\u{2029}a", "a\u{2028}", "\u{e000}", "\u{fffd}", "\u{fffe}", "\u{ffff}", "\u{7f}", "\u{80}", "\u{9f}",
    "\u{a0}", "\u{0}", "\u{7}", "\u{1b}", "\t", "a\t", "\ta", "a\tb", "\r", "a\rb", "a\r\nb", " ", "  ", " a", "a ", "a  b", "\n", "\n\n",
    "a\n", "a\nb", "a\nb\n", "a\nb\n\n", "\na", " a\nb", "a \nb", "a\n b", "a\n\nb", "a\n\n b\n", "a\nb ", "a\n ", "\n ", " \n", "a\tb\nc", "a\n\tb",
    "a\n\u{1f600}", "a\n# b\n", "---\na", "a\n---\nb", "a\n...\n", "- a\n- b\n", "k: v\n", "\u{2028}\n", "\n\u{2028}", "a\u{2028}\n", "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----\n",
    "#!/bin/sh\nset -e\necho \"hi\"\n", "{{ .Values.x }}", "${VAR}", "$(VAR)", "http://a/b?c=d&e=f#g", "C:\\a\\b", "10.0.0.0/8", "::1", "a:1", "100m", "1Gi",
    "*/5 * * * *", "0 0 * * 0", ">=1.2.3 <2", "~1.2", "^1", "v1.2.3", "sha256:abc",
];

pub(crate) fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => select(TRAPS).prop_map(str::to_owned),
        3 => "[a-z]{1,8}",
        2 => vec(select(TRAPS), 2..4).prop_map(|parts| parts.concat()),
        2 => vec(select(TRAPS), 2..4).prop_map(|parts| parts.join(" ")),
        // Long lines around the folding width, with blanks, quotes and the odd special character.
        3 => vec(long_word(), 8..40).prop_map(|words| words.join(" ")),
        1 => vec(prop_oneof![4 => long_word(), 1 => select(TRAPS).prop_map(str::to_owned)], 8..40)
            .prop_map(|words| words.join(" ")),
        1 => vec("[ -~]{0,60}", 1..6).prop_map(|lines| lines.join("\n")),
        2 => "[-+0-9._:eExobT]{1,8}",
        1 => "[ -~]{0,12}",
        1 => "\\PC{0,12}",
        1 => any::<String>(),
    ]
}

fn long_word() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => "[a-z]{1,12}",
        1 => Just(String::new()),
        1 => select(vec!["'", "\"", "#", "a:", "é", "\u{1f600}", "\t", "\\", "日本", "- "]).prop_map(str::to_owned),
        1 => "[a-z]{60,130}",
    ]
}

/// Keys. Mixed runs of digits and letters are kept away from each other, as Go has no order for them.
pub(crate) fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-zA-Z]{1,6}",
        3 => select(TRAPS).prop_map(str::to_owned),
        2 => "[a-z]{1,3}[-_./][0-9]{1,3}",
        1 => "[a-z]{1,2}0{0,2}[0-9]{1,2}",
        1 => "[a-z ]{120,136}",
        1 => "[A-Za-z]{1,3}[-_./é日][A-Za-z]{0,3}",
        1 => text().prop_map(|text| text.chars().map(old_character).collect()),
    ]
}

/// Go 1.26 sorts by Unicode 15, we by a newer one: letters that came later stand elsewhere.
fn old_character(letter: char) -> char {
    match letter {
        ..'\u{800}' | '\u{2000}'..'\u{2070}' | '\u{4e00}'..'\u{9000}' | '\u{e000}'..='\u{ffff}' => letter,
        _ => '\u{1f600}',
    }
}

pub(crate) fn number() -> impl Strategy<Value = Number> {
    prop_oneof![
        any::<i64>().prop_map(Number::from),
        any::<u64>().prop_map(Number::from),
        (-1000i64..1000).prop_map(Number::from),
        any::<f64>().prop_filter_map("finite", Number::from_f64),
        (-1000i32..1000, -30i32..30).prop_filter_map("finite", |(digits, exponent)| {
            Number::from_f64(f64::from(digits) * 10f64.powi(exponent))
        }),
        select(vec![0.0, -0.0, 1.5, 1e20, 1e21, 1e-7, 1_234_567.5, 999_999.5, 0.0001, 0.00001, 1e19, 9.3e18, f64::MAX, f64::MIN_POSITIVE])
            .prop_filter_map("finite", Number::from_f64),
    ]
}

pub(crate) fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::Bool),
        3 => number().prop_map(Value::Number),
        10 => text().prop_map(Value::String),
        1 => Just(Value::Array(Vec::new())),
        1 => Just(Value::Object(Map::new())),
    ];
    leaf.prop_recursive(5, 24, 5, |inner| {
        prop_oneof![
            2 => vec(inner.clone(), 0..5).prop_map(Value::Array),
            3 => vec((key(), inner), 0..5).prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}
