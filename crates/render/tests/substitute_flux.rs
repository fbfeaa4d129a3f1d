//! Post-build substitution, against fluxcd/pkg itself: thousands of expressions, in both modes.

use std::cell::Cell;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value, json};
use windlass_manifest::{Manifest, Origin};
use windlass_render::substitute::{Mode, Options, Strategy as When, Variables, expand, substitute};
use windlass_testbed::{Oracle, Tool, require_peers};

type Values = Vec<(&'static str, String)>;

/// Values of variables, weighted to what makes a difference.
fn value() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "",
        "a",
        "abc",
        "ABC",
        "home.example.test",
        "/path/to/file",
        "bash.string.txt",
        "foo/bar/baz",
        "aXbXc",
        "éàß",
        "8080",
        "yes",
        "0644",
        "1.10",
        "~",
        "null",
        "a: b",
        "[x]",
        "{",
        "#c",
        "'",
        "\"",
        "a\nb",
        "${a}",
        "$$",
        "*.*",
        "-5",
        "\\",
        "a b ",
        " x",
        "2001-01-01",
        "1e3",
        "0x1F",
        "|",
        "&a",
        "!t",
        "%",
        "@",
        "日本",
    ]);
    prop_oneof![4 => known.prop_map(str::to_owned), 1 => "[a-c./\\\\*é?\\[\\]-]{0,8}"]
}

fn values() -> impl Strategy<Value = Values> {
    let one = |name| (Just(name), prop::option::weighted(0.7, value()));
    (one("a"), one("b"), one("v"), one("LONG_name1")).prop_map(|(a, b, v, long)| {
        [a, b, v, long].into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    })
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => prop::sample::select(vec![
            "x", ".", "*.", ".*", "*", "?", "a", "abc", "0", "1", "-1", "+2", "12", " -1", "9999999999999999999", r"\/", r"\\",
            "-", "a b", "[a-c]", "[^a]*", "b[", "\\", "$$", "$", "é", "*/", "/*", "0:2", "1:-1", "default", "}", "{", ":", "//",
        ]).prop_map(str::to_owned),
        1 => "[a-c/.:*?\\\\$é]{0,5}",
    ]
}

/// Expressions that are well-formed, of variables that mostly are set.
fn plain_expression() -> impl Strategy<Value = String> {
    let name = || prop::sample::select(vec!["a", "a", "b", "b", "v", "LONG_name1", "unset"]);
    let pattern =
        prop::sample::select(vec!["*.", ".*", "*", "?", "a", "[a-c]", "*/", r"\/", ".", "${b}", "[^.]*", "e", "ab"]);
    let number = prop::sample::select(vec!["0", "1", " -1", "-2", "3", "+2", "99", "${unset:=1}"]);
    prop_oneof![
        4 => name().prop_map(|name| format!("${{{name}}}")),
        1 => name().prop_map(|name| format!("${{#{name}}}")),
        1 => name().prop_map(|name| format!("$${{{name}}}")),
        2 => (name(), prop::sample::select(vec!["^", "^^", ",", ",,"])).prop_map(|(name, case)| format!("${{{name}{case}}}")),
        4 => (name(), prop::sample::select(vec![":=", ":-", "="]), word(), name())
            .prop_filter("defaults end at braces", |(.., word, _)| !word.contains(['}', '{']))
            .prop_map(|(name, operator, word, inner)| format!("${{{name}{operator}{word}${{{inner}:-x}}}}")),
        3 => (name(), prop::sample::select(vec!["#", "##", "%", "%%"]), pattern.clone())
            .prop_map(|(name, operator, pattern)| format!("${{{name}{operator}{pattern}}}")),
        3 => (name(), prop::sample::select(vec!["/", "//", "/#", "/%"]), pattern, prop::sample::select(vec!["", "-", "XY", "é"]))
            .prop_map(|(name, operator, old, new)| format!("${{{name}{operator}{old}/{new}}}")),
        2 => (name(), number.clone(), prop::option::of(number)).prop_map(|(name, start, length)| {
            length.map_or(format!("${{{name}:{start}}}"), |length| format!("${{{name}:{start}:{length}}}"))
        }),
    ]
}

/// Expressions of which many are malformed.
fn expression() -> impl Strategy<Value = String> {
    let name = || {
        prop_oneof![
            8 => prop::sample::select(vec!["a", "b", "v", "LONG_name1", "unset"]).prop_map(str::to_owned),
            1 => prop::sample::select(vec!["", "1", "é", "a-b", "a.b", "_", "Ⅷ"]).prop_map(str::to_owned),
        ]
    };
    let operator = || {
        prop::sample::select(vec![
            "", ":=", "=", ":-", ":?", ":+", "-", "+", "?", "^", "^^", ",", ",,", "^,", "^^^", "#", "##", "%", "%%",
            "###", ":", "/", "//", "/#", "/%", "::", ":é", "@", "!",
        ])
    };
    let leaf = (name(), operator(), word()).prop_map(|(name, operator, word)| match operator {
        "" | "^" | "^^" | "," | ",," => format!("${{{name}{operator}}}"),
        "/" | "//" | "/#" | "/%" => format!("${{{name}{operator}{word}/{word}}}"),
        _ => format!("${{{name}{operator}{word}}}"),
    });
    let leaf = prop_oneof![
        6 => leaf,
        1 => name().prop_map(|name| format!("${{#{name}}}")),
        1 => name().prop_map(|name| format!("$${{{name}}}")),
    ];
    leaf.prop_recursive(3, 12, 3, move |inner| {
        (name(), operator(), prop::collection::vec(prop_oneof![inner, word()], 0..3), any::<u8>()).prop_map(
            |(name, operator, words, closed)| {
                let close = if closed < 8 { "" } else { "}" };
                format!("${{{name}{operator}{}{close}", words.concat())
            },
        )
    })
}

fn text() -> impl Strategy<Value = String> {
    let plain = prop::sample::select(vec!["x", " ", "$", "$$", "${", "}", "\\", "é", "\n", "a: ", "\\/"]);
    let wild = prop_oneof![3 => expression(), 1 => plain.prop_map(str::to_owned)];
    let tame = prop_oneof![3 => plain_expression(), 1 => "[a-z .:é-]{0,4}"];
    prop_oneof![
        1 => prop::collection::vec(wild, 1..4).prop_map(|parts| parts.concat()),
        9 => prop::collection::vec(tame, 1..4).prop_map(|parts| parts.concat()),
    ]
}

fn variables(values: &Values) -> Variables {
    let mut variables = Variables::new();
    for (name, value) in values {
        variables.insert(name, value).expect("a valid name");
    }
    variables
}

fn as_json(values: &Values) -> Map<String, Value> {
    values.iter().map(|(name, value)| ((*name).to_owned(), Value::from(value.replace('\n', "")))).collect()
}

/// At least so many cases; `PROPTEST_CASES` asks for more.
fn runner(cases: u32) -> TestRunner {
    let cases = cases.max(Config::default().cases);
    TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() })
}

#[test]
fn texts_expand_as_flux_expands_them() -> Result<(), Box<dyn std::error::Error>> {
    let testbed = require_peers!(&[Tool::FluxOracle]);
    let oracle = Oracle::start(&testbed, Tool::FluxOracle)?;
    let (alike, refused) = (Cell::new(0), Cell::new(0));
    runner(6_000).run(&(prop_oneof![text(), expression()], values()), |(text, values)| {
        for mode in [Mode::Strict, Mode::Lenient] {
            let question = json!({"yaml": text, "vars": as_json(&values), "strict": mode == Mode::Strict});
            let question = serde_json::to_vec(&question).expect("JSON");
            let theirs = oracle.ask_bytes("envsubst", &question).expect("an answer");
            let ours = expand(&text, &variables(&values), mode);
            match (&ours, &theirs) {
                // What Go hands on though it is no text, and what it panics of, have answers of our own.
                (_, Err(refusal)) if refusal.is_panic() => {}
                (Err(_), Ok(bytes)) if String::from_utf8(bytes.clone()).is_err() => {}
                (Ok(ours), Ok(theirs)) => {
                    alike.set(alike.get() + 1);
                    prop_assert_eq!(ours.as_bytes(), &theirs[..], "{:?} {}", mode, text);
                }
                (Err(_), Err(_)) => refused.set(refused.get() + 1),
                _ => prop_assert!(false, "{mode:?} {text}: ours {ours:?}, theirs {theirs:?}"),
            }
        }
        Ok(())
    })?;
    println!("{} texts came out alike, {} were refused by both", alike.get(), refused.get());
    Ok(())
}

#[test]
fn objects_become_what_flux_makes_of_them() -> Result<(), Box<dyn std::error::Error>> {
    let testbed = require_peers!(&[Tool::FluxOracle]);
    let oracle = Oracle::start(&testbed, Tool::FluxOracle)?;
    let data = prop::collection::vec((prop::option::weighted(0.1, plain_expression()), text()), 1..4);
    let compared = Cell::new(0);
    runner(2_000).run(&(data, values(), any::<[bool; 2]>()), |(data, values, [strict, always])| {
        let data: Map<String, Value> = data
            .into_iter()
            .enumerate()
            .map(|(index, (key, text))| (key.unwrap_or_else(|| format!("key{index}")), Value::from(text)))
            .collect();
        let object = json!({"apiVersion": "v1", "kind": "Test", "metadata": {"name": "a"}, "data": data});
        let manifest = Manifest::new(object, Origin::unknown()).expect("an object");
        let question = json!({
            "yaml": windlass_yaml::print(manifest.value()),
            "vars": as_json(&values),
            "strict": strict,
            "always": always,
        });
        let theirs = oracle.ask_json("substitute", question).expect("an answer");
        let options = Options {
            mode: if strict { Mode::Strict } else { Mode::Lenient },
            strategy: if always { When::Always } else { When::WithVariables },
            ..Options::default()
        };
        let ours = substitute(&manifest, &variables(&values), &options);
        match (&ours, &theirs) {
            (_, Err(refusal)) if refusal.is_panic() => {}
            (Ok(ours), Ok(theirs)) => {
                compared.set(compared.get() + 1);
                prop_assert_eq!(&windlass_yaml::print(ours.value()), theirs);
            }
            (Err(_), Err(_)) => {}
            _ => prop_assert!(false, "{manifest:?} {data:?}: ours {ours:?}, theirs {theirs:?}"),
        }
        Ok(())
    })?;
    println!("{} objects came out alike, the others were refused by both", compared.get());
    Ok(())
}

/// Values without a variable in them: scalars that are easily taken for something else.
fn plain_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        value().prop_filter("no variables", |text| !text.contains('$')).prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        prop::num::f64::NORMAL.prop_map(Value::from),
        (-40i32..40, -9..10i64).prop_map(|(power, digit)| Value::from(digit as f64 * 10f64.powi(power))),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(inner, 1..4).prop_map(|values| {
                values.into_iter().enumerate().map(|(index, value)| (format!("key{index}"), value)).collect::<Value>()
            }),
        ]
    })
}

/// Flux prints and reads every object where there are variables; ours leaves those without any as they are.
#[test]
fn objects_without_variables_come_out_alike() -> Result<(), Box<dyn std::error::Error>> {
    let testbed = require_peers!(&[Tool::FluxOracle]);
    let oracle = Oracle::start(&testbed, Tool::FluxOracle)?;
    runner(1_000).run(&plain_value(), |data| {
        let object = json!({"apiVersion": "v1", "kind": "Test", "metadata": {"name": "a"}, "data": data});
        let manifest = Manifest::new(object, Origin::unknown()).expect("an object");
        let text = windlass_yaml::print(manifest.value());
        let theirs = oracle.ask_json("substitute", json!({"yaml": text, "vars": {"a": "1"}, "strict": true}));
        let theirs = theirs.expect("an answer").expect("nothing to substitute");
        let values = vec![("a", "1".to_owned())];
        let ours = substitute(&manifest, &variables(&values), &Options::default()).expect("nothing to substitute");
        prop_assert_eq!(windlass_yaml::print(ours.value()), theirs);
        Ok(())
    })?;
    Ok(())
}
